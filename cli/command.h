/* command.h: the subcommands, as the table in main.c lists them. */

#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "options.h"

/* What the command exits with. */
enum exit_code {
  EXIT_OK = 0,
  EXIT_NO_REPLY = 1, /* something was waited for and did not come */
  EXIT_TROUBLE = 2   /* usage, or the system failed */
};

struct command {
  const char *name;
  const char *arguments; /* as the usage line writes them */
  const char *line;      /* what it does, for the list of commands */
  const char *examples;  /* what its help begins with */
  const char *notes;     /* what its help ends with */
  unsigned bit;          /* of enum command_bits: which options are its */
  int arguments_min;
  int arguments_max;
  int (*run)(const struct options *options); /* returns an enum exit_code */
};

extern const struct command listen_command;
extern const struct command send_command;
extern const struct command echo_command;
extern const struct command relay_command;
extern const struct command info_command;

#endif
