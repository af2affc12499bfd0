/* parse.h: reading what a person types. Strict: a value is understood whole, or not at all. */

#ifndef CLI_PARSE_H
#define CLI_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a host as text: a name of 253 bytes, or a literal and its zone. */
enum { HOST_MAX = 320 };

/* An address as it was typed. */
struct endpoint {
  char host[HOST_MAX]; /* a name or a literal without brackets; empty: none was given, or '*' */
  int port;
  bool star; /* '*' was given */
};

/* A number in decimal digits, from minimum to maximum. */
bool parse_number(const char *text, uint64_t minimum, uint64_t maximum, uint64_t *ret_number);

/* A time: "500ms", "2s", "1.5m", "2"; units ns, us, ms, s, m, h; without one seconds. Up to a
 * year. */
bool parse_duration(const char *text, uint64_t *ret_ns);

/* A share: "10%", "0.1%"; from 0% to 100%, in millionths: four digits behind the point. */
bool parse_percent(const char *text, uint32_t *ret_ppm);

/* A rate in bits per second, from 1 to 10^15, with the units of tc(8), capital or not: bit, kbit,
 * mbit, gbit, tbit; bytes: bps, kbps, mbps, gbps, tbps; by 1024: kibit, kibps and so on; without
 * one bits. Six digits behind the point. */
bool parse_rate(const char *text, uint64_t *ret_bits);

/* Bytes, from 1 to 2^40, with the units of tc(8), capital or not: b, k or kb, m or mb, g or gb, by
 * 1024; without one bytes. Six digits behind the point. */
bool parse_size(const char *text, uint64_t *ret_bytes);

/* Writes a duration for a person: "1 s", "500 ms".
 * text  size bytes; 32 suffice. */
void format_duration(uint64_t duration_ns, char *text, size_t size);

/* Bytes from pairs of hex digits, between which blanks and colons may stand: "0a0b", "0a 0b".
 * bytes  room for half as many bytes as the text is long. */
bool parse_hex(const char *text, unsigned char *bytes, size_t *ret_length);

/* "port", "addr:port", "name:port", "[v6%zone]:port", "*:port".
 * Returns  NULL, or what is wrong as the end of a sentence. */
const char *parse_endpoint(const char *text, struct endpoint *ret_endpoint);

#endif
