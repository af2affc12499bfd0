/* The dgram command. Data goes to standard output, all else to standard error. */

#include "command.h"
#include "report.h"

#include <dgram.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct command *const commands[] = {&listen_command, &send_command, &echo_command,
                                                 &relay_command, &info_command};

enum { COMMANDS = sizeof commands / sizeof *commands };

static const struct command *find_command(const char *name) {
  for (size_t i = 0; i < COMMANDS; i++) {
    if (strcmp(commands[i]->name, name) == 0) {
      return commands[i];
    }
  }
  return NULL;
}

/* ---- texts ---- */

static void print_usage(FILE *file) {
  fputs("Examples:\n"
        "  dgram listen 41234                  print what comes to UDP port 41234\n"
        "  dgram send 192.0.2.1:41234 hello    send a datagram, show the reply\n"
        "  printf hello | dgram send localhost:41234\n"
        "  dgram echo 41234                    send back what comes\n"
        "  dgram relay --loss 10% 5353 192.0.2.1:53    a bad link in front of a server\n"
        "\n"
        "Usage: dgram <command> [options] ...\n"
        "\n"
        "Commands:\n",
        file);
  for (size_t i = 0; i < COMMANDS; i++) {
    fprintf(file, "  %-6s %-21s  %s\n", commands[i]->name, commands[i]->arguments,
            commands[i]->line);
  }
  fputs("  help   [command]              this text, or that of a command\n"
        "\n"
        "An address is a port, or one of  192.0.2.1:port  name:port  [2001:db8::1]:port\n"
        "[fe80::1%eth0]:port  *:port; a time is like 500ms, 2s, 1m, or a number of seconds.\n"
        "Ctrl-C ends with a summary; SIGUSR1 shows one and goes on.\n"
        "Exit status: 0; 1 when nothing came where something was waited for; 2 on trouble.\n",
        file);
}

static void print_help(const struct command *command) {
  printf("Examples:\n%s\nUsage: dgram %s [options] %s\n\nOptions:\n", command->examples,
         command->name, command->arguments);
  options_help(command->bit, stdout);
  printf("\n%s", command->notes);
}

/* What was printed has to arrive, or it is trouble; a reader that left early is none. */
static int finish(int exit_code) {
  if (fflush(stdout) != 0 && errno != EPIPE && exit_code == EXIT_OK) {
    report_code("write", -errno, "standard output");
    return EXIT_TROUBLE;
  }
  return exit_code;
}

/* ---- commands ---- */

static int unknown_command(const char *name) {
  report("no command '%s' (dgram --help lists them)", name);
  return EXIT_TROUBLE;
}

static int help(int argc, char **argv) {
  if (argc < 2) {
    print_usage(stdout);
    return EXIT_OK;
  }
  const struct command *command = find_command(argv[1]);
  if (!command) {
    return unknown_command(argv[1]);
  }
  print_help(command);
  return EXIT_OK;
}

static int run_command(const struct command *command, int argc, char **argv) {
  struct options options;
  if (options_read(command->bit, argc, argv, &options) < 0) {
    return EXIT_TROUBLE;
  }
  if (options.help) {
    print_help(command);
    return EXIT_OK;
  }
  if (options.argument_count < command->arguments_min) {
    report("%s: needs %s (see dgram help %s)", command->name, command->arguments, command->name);
    return EXIT_TROUBLE;
  }
  if (options.argument_count > command->arguments_max) {
    report("%s: one argument too many: '%s'", command->name,
           options.arguments[command->arguments_max]);
    return EXIT_TROUBLE;
  }
  return command->run(&options);
}

static int dispatch(int argc, char **argv) {
  if (argc < 2) {
    print_usage(stderr);
    return EXIT_TROUBLE;
  }
  const char *name = argv[1];
  if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
    printf("dgram %s\n", dgram_version());
    return EXIT_OK;
  }
  if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
    return help(1, argv);
  }
  if (strcmp(name, "help") == 0) {
    return help(argc - 1, argv + 1);
  }
  const struct command *command = find_command(name);
  return command ? run_command(command, argc - 1, argv + 1) : unknown_command(name);
}

/* A descriptor below 3 that is closed would be a socket's, and what is printed would be sent. */
static void keep_standard_descriptors(void) {
  int fd;
  do {
    fd = open("/dev/null", O_RDWR);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0) {
    close(fd);
  }
}

int main(int argc, char **argv) {
  keep_standard_descriptors();
  signal(SIGPIPE, SIG_IGN);
  return finish(dispatch(argc, argv));
}
