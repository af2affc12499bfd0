/* dgram info: what this system can do for datagrams, and each of its interfaces. */

#include "command.h"
#include "probe.h"
#include "report.h"

#include <dgram.h>
#include <uv.h>

#include <ifaddrs.h>
#include <jansson.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { INTERFACES_MAX = 256 };

/* An interface, with all its addresses. */
struct interface {
  char name[IF_NAMESIZE];
  unsigned index;
  unsigned flags; /* IFF_... of netdevice(7) */
  struct probe_device device;
};

struct info {
  uv_utsname_t system;
  struct probe_system probe;
  struct interface interfaces[INTERFACES_MAX];
  size_t interface_count;
  struct ifaddrs *addresses;
};

/* ---- finding out ---- */

static bool is_known(const struct info *info, const char *name) {
  for (size_t i = 0; i < info->interface_count; i++) {
    if (strcmp(info->interfaces[i].name, name) == 0) {
      return true;
    }
  }
  return false;
}

static void add_interface(struct info *info, const struct ifaddrs *entry) {
  struct interface *interface = &info->interfaces[info->interface_count++];
  snprintf(interface->name, sizeof interface->name, "%s", entry->ifa_name);
  interface->index = if_nametoindex(entry->ifa_name);
  interface->flags = entry->ifa_flags;
  probe_device(interface->name, &interface->device);
}

/* only: the name of one interface, or NULL for all. */
static int find_out(struct info *info, const char *only) {
  if (getifaddrs(&info->addresses) < 0) {
    report("the interfaces cannot be listed");
    return -1;
  }
  for (const struct ifaddrs *entry = info->addresses; entry; entry = entry->ifa_next) {
    bool wanted = !only || strcmp(only, entry->ifa_name) == 0;
    if (wanted && !is_known(info, entry->ifa_name) && info->interface_count < INTERFACES_MAX) {
      add_interface(info, entry);
    }
  }
  if (only && info->interface_count == 0) {
    report("no interface '%s'", only);
    return -1;
  }
  uv_os_uname(&info->system);
  probe_system(&info->probe);
  return 0;
}

/* The text of an address; false: it is none of IP. */
static bool address_of(const struct ifaddrs *entry, char *text, size_t size) {
  const struct sockaddr *address = entry->ifa_addr;
  if (address && address->sa_family == AF_INET) {
    return uv_ip4_name((const struct sockaddr_in *)address, text, size) == 0;
  }
  if (address && address->sa_family == AF_INET6) {
    return uv_ip6_name((const struct sockaddr_in6 *)address, text, size) == 0;
  }
  return false;
}

/* ---- as text ---- */

static const char *yes_no(bool has) {
  return has ? "yes" : "no";
}

/* Of a device, which may not say. */
static const char *yes_no_unknown(int has) {
  return has < 0 ? "unknown" : yes_no(has > 0);
}

static void print_buffer(const char *label, long size, long maximum, const char *setting) {
  printf("%-20s %ld bytes", label, size);
  if (maximum >= 0) {
    printf("; programs may ask for up to %ld (net.core.%s)", maximum, setting);
  }
  putchar('\n');
}

static void print_system(const struct info *info) {
  const struct probe_system *probe = &info->probe;
  printf("%-20s dgram %s, %s %s\n", "versions", dgram_version(), info->system.sysname,
         info->system.release);
  if (probe->segments > 0) {
    printf("%-20s yes, up to %d datagrams as one\n", "segmentation (GSO)", probe->segments);
  } else {
    printf("%-20s no\n", "segmentation (GSO)");
  }
  printf("%-20s %s\n", "joining (GRO)", yes_no(probe->joins));
  printf("%-20s %s\n", "batches", yes_no(probe->batches));
  printf("%-20s %s\n", "timestamps", probe->time_ns ? "yes, in ns" : "no");
  printf("%-20s %s\n", "reuse-port", yes_no(probe->reuse_port));
  printf("%-20s %s\n", "ICMP errors", yes_no(probe->icmp_errors));
  printf("%-20s %s\n", "don't fragment", yes_no(probe->path_mtu));
  printf("%-20s %s\n", "IPv6", yes_no(probe->ipv6));
  print_buffer("receive buffer", probe->receive_buffer, probe->receive_buffer_max, "rmem_max");
  print_buffer("send buffer", probe->send_buffer, probe->send_buffer_max, "wmem_max");
}

static void print_addresses(const struct info *info, const struct interface *interface) {
  char text[DGRAM_ADDRESS_TEXT];
  for (const struct ifaddrs *entry = info->addresses; entry; entry = entry->ifa_next) {
    if (strcmp(entry->ifa_name, interface->name) == 0 && address_of(entry, text, sizeof text)) {
      printf(" %s", text);
    }
  }
}

static void print_interface(const struct info *info, const struct interface *interface) {
  printf("\n%u: %s, %s, mtu %d%s%s\n", interface->index, interface->name,
         interface->flags & IFF_UP ? "up" : "down", interface->device.mtu,
         interface->flags & IFF_MULTICAST ? ", multicast" : "",
         interface->flags & IFF_BROADCAST ? ", broadcast" : "");
  printf("  %-18s", "addresses");
  print_addresses(info, interface);
  printf("\n  %-18s %s\n", "segments itself", yes_no_unknown(interface->device.segments));
  printf("  %-18s %s\n", "joins what it gets", yes_no_unknown(interface->device.joins));
  printf("  %-18s %s\n", "hardware time", yes_no_unknown(interface->device.hardware_time));
}

static void print_text(const struct info *info) {
  print_system(info);
  for (size_t i = 0; i < info->interface_count; i++) {
    print_interface(info, &info->interfaces[i]);
  }
}

/* ---- as JSON ---- */

static json_t *json_number(long number) {
  return number < 0 ? json_null() : json_integer(number);
}

static json_t *json_flag(int flag) {
  return flag < 0 ? json_null() : json_boolean(flag);
}

static json_t *json_system(const struct info *info) {
  const struct probe_system *probe = &info->probe;
  return json_pack(
      "{s:s, s:s, s:s, s:i, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:o, s:o, s:o, s:o}", "version",
      dgram_version(), "system", info->system.sysname, "release", info->system.release,
      "gso_segments", probe->segments, "gro", (int)probe->joins, "batches", (int)probe->batches,
      "timestamps", (int)probe->time_ns, "reuse_port", (int)probe->reuse_port, "icmp_errors",
      (int)probe->icmp_errors, "dont_fragment", (int)probe->path_mtu, "ipv6", (int)probe->ipv6,
      "receive_buffer", json_number(probe->receive_buffer), "receive_buffer_max",
      json_number(probe->receive_buffer_max), "send_buffer", json_number(probe->send_buffer),
      "send_buffer_max", json_number(probe->send_buffer_max));
}

static json_t *json_addresses(const struct info *info, const struct interface *interface) {
  char text[DGRAM_ADDRESS_TEXT];
  json_t *list = json_array();
  for (const struct ifaddrs *entry = info->addresses; entry; entry = entry->ifa_next) {
    if (strcmp(entry->ifa_name, interface->name) == 0 && address_of(entry, text, sizeof text)) {
      json_array_append_new(list, json_string(text));
    }
  }
  return list;
}

static json_t *json_interface(const struct info *info, const struct interface *interface) {
  const struct probe_device *device = &interface->device;
  return json_pack("{s:s, s:i, s:b, s:b, s:b, s:o, s:o, s:o, s:o, s:o}", "name", interface->name,
                   "index", (int)interface->index, "up", (interface->flags & IFF_UP) != 0,
                   "multicast", (interface->flags & IFF_MULTICAST) != 0, "broadcast",
                   (interface->flags & IFF_BROADCAST) != 0, "mtu", json_number(device->mtu), "gso",
                   json_flag(device->segments), "gro", json_flag(device->joins), "hardware_time",
                   json_flag(device->hardware_time), "addresses", json_addresses(info, interface));
}

static int print_json(const struct info *info) {
  json_t *object = json_system(info);
  json_t *list = json_array();
  for (size_t i = 0; i < info->interface_count; i++) {
    json_array_append_new(list, json_interface(info, &info->interfaces[i]));
  }
  int result = json_object_set_new(object, "interfaces", list);
  if (result == 0) {
    result = json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
  }
  json_decref(object);
  return result;
}

/* ---- the command ---- */

static int run(const struct options *options) {
  static struct info info;
  int exit_code = EXIT_OK;
  if (find_out(&info, options->argument_count > 0 ? options->arguments[0] : NULL) < 0) {
    exit_code = EXIT_TROUBLE;
  } else if (options->format != FORMAT_JSON) {
    print_text(&info);
  } else if (print_json(&info) < 0) {
    report_code("json", DGRAM_ENOMEM, NULL);
    exit_code = EXIT_TROUBLE;
  }
  if (info.addresses) {
    freeifaddrs(info.addresses);
  }
  return exit_code;
}

const struct command info_command = {
    .name = "info",
    .arguments = "[interface]",
    .line = "what this system can do for datagrams",
    .examples = "  dgram info                  the system, and all its interfaces\n"
                "  dgram info eth0             the system, and this one\n"
                "  dgram info --json | jq .gso_segments\n",
    .notes =
        "What is said of the system is found out by asking the kernel; of an interface it is what\n"
        "its device says (ethtool -k and -T). A group of datagrams that leaves by a device which\n"
        "does not segment itself is taken apart by the kernel before. In JSON what nobody says is\n"
        "null.\n",
    .bit = FOR_INFO,
    .arguments_min = 0,
    .arguments_max = 1,
    .run = run,
};
