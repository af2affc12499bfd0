/* report.h: what the command says on standard error. Data never goes there. */

#ifndef CLI_REPORT_H
#define CLI_REPORT_H

/* "dgram: ..." */
__attribute__((format(printf, 1, 2))) void report(const char *format, ...);

/* "dgram: bind EADDRINUSE 0.0.0.0:41234: address already in use".
 * code   a negative code of <dgram.h>, or -errno.
 * where  an address, a file, ...; NULL for none. */
void report_code(const char *what, int code, const char *where);

/* A line as it stands, for a person: "listening on ...", the summary. */
__attribute__((format(printf, 1, 2))) void notice(const char *format, ...);

#endif
