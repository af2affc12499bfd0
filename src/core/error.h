/* What kind of trouble a code stands for: the counters of dgram_stats. */

#ifndef DGRAM_CORE_ERROR_H
#define DGRAM_CORE_ERROR_H

#include "dgram.h"

enum dgram__error_class {
  DGRAM__ERROR_RESOURCES,
  DGRAM__ERROR_UNREACHABLE,
  DGRAM__ERROR_REFUSED,
  DGRAM__ERROR_DENIED,
  DGRAM__ERROR_SIZE,
  DGRAM__ERROR_NAMES,
  DGRAM__ERROR_CANCELED,
  DGRAM__ERROR_OTHER,
  DGRAM__ERROR_CLASSES
};

/* The class of a negative code: DGRAM__ERROR_OTHER where no other fits, a code without a name
 * included. */
enum dgram__error_class dgram__error_class_of(int code);

#endif
