#ifndef DGRAM_TEST_PROPERTY_JUDGE_H
#define DGRAM_TEST_PROPERTY_JUDGE_H

#include "property.h"

/* Memory that processes share with those they start. */
struct property_report *property_new_report(void);

/* Runs a program in this process, which ends where a check fails. */
void property_try(const struct property_program *program, bool twice,
                  struct property_report *report, bool trace);

/* What a process that has ended says about its run. */
bool property_judge(int status, struct property_report *report);

#endif
