#include "probe.h"

#ifdef __linux__

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  SEGMENTS_NEW = 128, /* UDP_MAX_SEGMENTS since Linux 6.9, and before */
  SEGMENTS_OLD = 64
};

/* ---- the system ---- */

static bool set(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

/* A socket that sends to itself. */
static int loop_to_self(void) {
  struct sockaddr_in self = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof self;
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) {
    return -1;
  }
  if (bind(fd, (struct sockaddr *)&self, length) < 0 ||
      getsockname(fd, (struct sockaddr *)&self, &length) < 0 ||
      connect(fd, (struct sockaddr *)&self, length) < 0) {
    close(fd);
    return -1;
  }
  return fd;
}

/* Tries: kernels differ in how many they take. */
static int count_segments(void) {
  static const char bytes[SEGMENTS_NEW];
  int segments = 0;
  int fd = loop_to_self();
  if (fd < 0) {
    return 0;
  }
  if (set(fd, IPPROTO_UDP, UDP_SEGMENT, 1)) {
    segments = send(fd, bytes, SEGMENTS_NEW, 0) == SEGMENTS_NEW ? SEGMENTS_NEW : SEGMENTS_OLD;
  }
  close(fd);
  return segments;
}

static bool has_batches(int fd) {
  struct mmsghdr header = {0};
  return recvmmsg(fd, &header, 1, MSG_DONTWAIT, NULL) >= 0 || errno != ENOSYS;
}

static bool has_ipv6(void) {
  struct sockaddr_in6 loopback = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  bool has = fd >= 0 && bind(fd, (struct sockaddr *)&loopback, sizeof loopback) == 0;
  if (fd >= 0) {
    close(fd);
  }
  return has;
}

/* A number below /proc/sys/net/core, which a namespace may not show. */
static long read_setting(const char *name) {
  char path[64];
  char text[32] = "";
  snprintf(path, sizeof path, "/proc/sys/net/core/%s", name);
  FILE *file = fopen(path, "re");
  if (!file) {
    return -1;
  }
  bool read = fgets(text, sizeof text, file) != NULL;
  fclose(file);
  return read ? strtol(text, NULL, 10) : -1;
}

/* The kernel's own number where there is no file of it. */
static long buffer_of(int fd, int name) {
  int value;
  socklen_t length = sizeof value;
  return getsockopt(fd, SOL_SOCKET, name, &value, &length) == 0 ? value : -1;
}

void probe_system(struct probe_system *ret_system) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  *ret_system = (struct probe_system){
      .segments = count_segments(),
      .joins = set(fd, IPPROTO_UDP, UDP_GRO, 1),
      .batches = has_batches(fd),
      .time_ns = set(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1),
      .reuse_port = set(fd, SOL_SOCKET, SO_REUSEPORT, 1),
      .icmp_errors = set(fd, IPPROTO_IP, IP_RECVERR, 1),
      .path_mtu = set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO),
      .ipv6 = has_ipv6(),
      .receive_buffer = buffer_of(fd, SO_RCVBUF),
      .receive_buffer_max = read_setting("rmem_max"),
      .send_buffer = buffer_of(fd, SO_SNDBUF),
      .send_buffer_max = read_setting("wmem_max"),
  };
  if (fd >= 0) {
    close(fd);
  }
}

/* ---- a device ---- */

static int ask_device(int fd, const char *interface, void *command) {
  struct ifreq request = {0};
  snprintf(request.ifr_name, sizeof request.ifr_name, "%s", interface);
  request.ifr_data = command;
  return ioctl(fd, SIOCETHTOOL, &request);
}

static uint32_t count_features(int fd, const char *interface) {
  uint32_t count = 0;
  struct ethtool_sset_info *ask = calloc(1, sizeof *ask + sizeof count);
  if (!ask) {
    return 0;
  }
  ask->cmd = ETHTOOL_GSSET_INFO;
  ask->sset_mask = UINT64_C(1) << ETH_SS_FEATURES;
  if (ask_device(fd, interface, ask) == 0 && ask->sset_mask != 0) {
    count = ask->data[0];
  }
  free(ask);
  return count;
}

static int find_name(const struct ethtool_gstrings *names, const char *name) {
  for (uint32_t i = 0; i < names->len; i++) {
    if (strncmp((const char *)names->data + (size_t)i * ETH_GSTRING_LEN, name, ETH_GSTRING_LEN) ==
        0) {
      return (int)i;
    }
  }
  return -1;
}

static int is_active(const struct ethtool_gfeatures *features, int index) {
  if (index < 0) {
    return -1;
  }
  return (int)(features->features[index / 32].active >> (index % 32) & 1);
}

/* The names of the features, then which are on: ethtool -k. */
static void read_features(int fd, const char *interface, struct probe_device *device) {
  uint32_t count = count_features(fd, interface);
  size_t blocks = (count + 31) / 32;
  struct ethtool_gstrings *names = calloc(1, sizeof *names + (size_t)count * ETH_GSTRING_LEN);
  struct ethtool_gfeatures *features =
      calloc(1, sizeof *features + blocks * sizeof features->features[0]);
  if (names && features && count > 0) {
    *names = (struct ethtool_gstrings){
        .cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_FEATURES, .len = count};
    *features = (struct ethtool_gfeatures){.cmd = ETHTOOL_GFEATURES, .size = (uint32_t)blocks};
    if (ask_device(fd, interface, names) == 0 && ask_device(fd, interface, features) == 0) {
      device->segments = is_active(features, find_name(names, "tx-udp-segmentation"));
      device->joins = is_active(features, find_name(names, "rx-udp-gro-forwarding"));
    }
  }
  free(names);
  free(features);
}

static void read_time(int fd, const char *interface, struct probe_device *device) {
  struct ethtool_ts_info info = {.cmd = ETHTOOL_GET_TS_INFO};
  if (ask_device(fd, interface, &info) == 0) {
    device->hardware_time = (info.so_timestamping & SOF_TIMESTAMPING_RX_HARDWARE) != 0;
  }
}

static void read_mtu(int fd, const char *interface, struct probe_device *device) {
  struct ifreq request = {0};
  snprintf(request.ifr_name, sizeof request.ifr_name, "%s", interface);
  if (ioctl(fd, SIOCGIFMTU, &request) == 0) {
    device->mtu = request.ifr_mtu;
  }
}

void probe_device(const char *interface, struct probe_device *ret_device) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  *ret_device = (struct probe_device){.segments = -1, .joins = -1, .hardware_time = -1, .mtu = -1};
  if (fd < 0) {
    return;
  }
  read_features(fd, interface, ret_device);
  read_time(fd, interface, ret_device);
  read_mtu(fd, interface, ret_device);
  close(fd);
}

#else

/* Nobody has been asked. */

void probe_system(struct probe_system *ret_system) {
  *ret_system = (struct probe_system){
      .receive_buffer = -1, .receive_buffer_max = -1, .send_buffer = -1, .send_buffer_max = -1};
}

void probe_device(const char *interface, struct probe_device *ret_device) {
  (void)interface;
  *ret_device = (struct probe_device){.segments = -1, .joins = -1, .hardware_time = -1, .mtu = -1};
}

#endif
