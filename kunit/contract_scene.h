/* SPDX-License-Identifier: GPL-2.0 */
/* The pool of a row, and who calls: contract_cast.c. */
#ifndef _WPOOL_CONTRACT_SCENE_H
#define _WPOOL_CONTRACT_SCENE_H

#include "contract.h"

/* With its pool. */
struct contract_scene *contract_scene(struct kunit *test, const struct contract_row *row);
/* The caller is where it is to call, if that is in the pool, and waits there. */
void contract_summon(struct contract_scene *scene);
/* Has it make the call. */
void contract_cue(struct contract_scene *scene);
/* The call has returned: ends the pool, if the call has not, and waits for that. */
void contract_dismiss(struct contract_scene *scene);

#endif /* _WPOOL_CONTRACT_SCENE_H */
