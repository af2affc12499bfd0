#include "core/unix.h"

#include <string.h>

/* ---- arguments ---- */

static int check_path(const char *path) {
  if (path == NULL || path[0] == '\0' || strcmp(path, "@") == 0) return DGRAM_EINVAL;
  return strlen(path) > DGRAM__UNIX_PATH_MAX + (path[0] == '@') ? DGRAM_ENAMETOOLONG : 0;
}

int dgram__unix_check_options(const dgram_stack *stack, const dgram_socket_options *options) {
  const bool wants_ip = options->reuse_addr || options->reuse_port || options->icmp_errors;
  const bool wants_addresses = options->receive_block_list != NULL ||
                               options->send_block_list != NULL || options->lookup != NULL;

  return stack->ops->unix_ops == NULL || wants_ip || wants_addresses ? DGRAM_ENOTSUP : 0;
}

int dgram__unix_destination_read(const char *path, int port, dgram_address *ret_to) {
  if (port != 0) return DGRAM_EBADPORT;
  *ret_to = (dgram_address){.family = DGRAM_UNIX};
  return check_path(path);
}

int dgram__unix_local_read(const dgram_bind_options *options, dgram_address *ret_local) {
  if (options->port != 0) return DGRAM_EBADPORT;
  if (options->device != NULL && options->device[0] != '\0') return DGRAM_ENOTSUP;
  *ret_local = (dgram_address){.family = DGRAM_UNIX};
  return options->address == NULL || options->address[0] == '\0' ? 0 : check_path(options->address);
}

static const char *destination_of(const dgram_datagram *datagram) {
  const dgram_send_info *info = datagram->info;

  return info != NULL && (info->set & DGRAM_SEND_PATH) != 0 ? info->path : NULL;
}

int dgram__unix_check_to(const dgram_socket *socket, const dgram_datagram *datagram) {
  const char *path = destination_of(datagram);

  if (datagram->to.port != 0) return DGRAM_EBADPORT;
  if (dgram__socket_is_connected(socket)) {
    return datagram->to.family == 0 && path == NULL ? 0 : DGRAM_EISCONNECTED;
  }
  return datagram->to.family == DGRAM_UNIX ? check_path(path) : DGRAM_EINVAL;
}

/* ---- info ---- */

size_t dgram__send_info_size(const dgram_send_info *info) {
  if (info == NULL) return 0;
  return sizeof *info + ((info->set & DGRAM_SEND_PATH) != 0 ? strlen(info->path) + 1 : 0);
}

const dgram_send_info *dgram__send_info_copy(const dgram_send_info *info, void *to) {
  dgram_send_info *copy = to;
  char *path = (char *)(copy + 1);

  *copy = *info;
  if ((info->set & DGRAM_SEND_PATH) == 0) return copy;
  copy->path = path;
  memcpy(path, info->path, strlen(info->path) + 1);
  return copy;
}

const dgram_send_info *dgram__unix_keep_path(dgram_stack *stack, const dgram_send_info *info,
                                             struct dgram__block **ret_block) {
  struct dgram__blocks *blocks = &stack->host->spares->blocks;
  void *copy;

  if (info == NULL || (info->set & DGRAM_SEND_PATH) == 0) return NULL;
  copy = dgram__blocks_take(stack, blocks, dgram__send_info_size(info), true, ret_block);
  return copy == NULL ? NULL : dgram__send_info_copy(info, copy);
}

/* ---- paths ---- */

bool dgram__unix_path_of(const dgram_socket *socket, const dgram_datagram *datagram, char *text) {
  const char *path = destination_of(datagram);

  if (path == NULL) {
    if (datagram->to.family != 0) return false;
    return socket->stack->ops->unix_ops->path(dgram__endpoint_of(socket), true, text) >= 0;
  }
  memcpy(text, path, strlen(path) + 1);
  return true;
}

static int tell_path(const dgram_socket *socket, bool remote, char *ret_text, size_t size) {
  char text[DGRAM_PATH_TEXT];
  const int length = socket->stack->ops->unix_ops->path(dgram__endpoint_of(socket), remote, text);

  if (length < 0) return length;
  if ((size_t)length >= size) return DGRAM_ENOSPC;
  memcpy(ret_text, text, (size_t)length + 1);
  return length;
}

/* ---- public entry points ---- */

static int check(const dgram_socket *socket, const char *text) {
  const int code = dgram__socket_check(socket);

  if (code < 0) return code;
  if (text == NULL) return DGRAM_EARGTYPE;
  return socket->type == DGRAM_UNIX ? 0 : DGRAM_ENOTSUP;
}

int dgram_local_path(const dgram_socket *socket, char *text, size_t size) {
  const int code = check(socket, text);

  if (code < 0) return code;
  if (socket->binding_state != DGRAM__BOUND) return DGRAM_EBADF;
  return tell_path(socket, false, text, size);
}

int dgram_remote_path(const dgram_socket *socket, char *text, size_t size) {
  const int code = check(socket, text);

  if (code < 0) return code;
  if (!dgram__socket_is_connected(socket)) return DGRAM_ENOTCONNECTED;
  return tell_path(socket, true, text, size);
}
