/* Block lists, beside what dgram.h offers of them. */

#ifndef DGRAM_CORE_BLOCK_LIST_H
#define DGRAM_CORE_BLOCK_LIST_H

#include "dgram.h"

/* One more who needs the list, until dgram_block_list_release. NULL gives NULL. */
dgram_block_list *dgram__block_list_keep(dgram_block_list *list);

#endif
