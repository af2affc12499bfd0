/* workers.h: a server's workers: dgram echo --workers. */

#ifndef CLI_WORKERS_H
#define CLI_WORKERS_H

#include "session.h"

/* Whether this process has to start workers, in place of serving itself. */
bool workers_wanted(const struct options *options);

/* Starts them, and runs until they have ended. Returns an enum exit_code. */
int workers_run(const struct options *options);

/* In a worker: its session shares the primary's sockets, and ends when the primary says so. Returns 0,
 * also where this process is no worker, or -1 after a report. */
int workers_join(struct session *session);

/* What workers_join began, before the session is closed. */
void workers_leave(void);

#endif
