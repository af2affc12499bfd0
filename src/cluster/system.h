/* The one file that asks the system: descriptors, the channel's packets, sockets, this process.
 * Results are 0 or a count, or a negative code; a descriptor that is returned is close-on-exec. */

#ifndef CLUSTER_SYSTEM_H
#define CLUSTER_SYSTEM_H

#include <stddef.h>
#include <stdint.h>

#include "dgram.h"

/* ---- descriptors ---- */

void cluster_sys_close(int fd);
int cluster_sys_duplicate(int fd);
bool cluster_sys_is_open(int fd);

/* ---- the channel ---- */

/* Both ends of a channel, non-blocking. */
int cluster_sys_pair(int *ret_fds);

/* Whether fd is such an end; makes it close-on-exec and non-blocking. DGRAM_EBADF: it is none. */
int cluster_sys_take_channel(int fd);

/* Sends a packet, and with it a descriptor, -1: none, which stays the caller's. DGRAM_EAGAIN: not
 * now. */
int cluster_sys_send(int channel, const void *bytes, size_t size, int fd);

/* Receives a packet: its length, 0 where the other end is closed, DGRAM_EAGAIN: there is none.
 * ret_fd: -1, or a descriptor that came with it. NULL: none may come. What must not come, or is one too
 * many, is closed, and the packet is answered with DGRAM_EPROTO, as is one that is longer than size. */
int cluster_sys_receive(int channel, void *bytes, size_t size, int *ret_fd);

/* ---- sockets ---- */

/* How cluster_sys_bind binds. */
enum cluster_sys_bind_flags {
  CLUSTER_SYS_REUSE_ADDR = 1 << 0,
  CLUSTER_SYS_IPV6_ONLY = 1 << 1,
  CLUSTER_SYS_REUSE_PORT = 1 << 2,
  CLUSTER_SYS_JOIN = 1 << 3 /* UDP_GRO, where the kernel knows it */
};

/* A UDP socket bound to an address, whose port becomes the real one. Returns the descriptor. */
int cluster_sys_bind(dgram_address *address, unsigned flags);

/* How the sockets of a group with one port are chosen from, as many as count, in the order in which
 * they were bound: enum dgram_cluster_balance, CPU or RXHASH. fd is any of them. */
int cluster_sys_balance(int fd, int balance, int count);

/* Whether fd is a UDP socket with a port, and where it is bound to; makes it close-on-exec and
 * non-blocking. DGRAM_EBADF, DGRAM_EFDTYPE, DGRAM_EINVAL: not bound. */
int cluster_sys_take_socket(int fd, dgram_address *ret_local);

/* ---- this process ---- */

int cluster_sys_pid(void);

/* Whether a file may be executed. */
int cluster_sys_check_program(const char *path);

/* Fills size bytes with this process's arguments, each with its NUL. Returns how many bytes;
 * DGRAM_ENOSPC: they are more. */
int cluster_sys_arguments(char *text, size_t size);

/* This process's environment without a variable, and with an entry "NAME=value" at the end. Returns
 * new: free, but not the entries, which are the process's and the caller's. NULL: no memory. */
const char **cluster_sys_environment(const char *name, const char *entry);

/* Takes a variable out of the environment. */
void cluster_sys_forget(const char *name);

#endif
