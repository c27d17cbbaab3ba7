// SPDX-License-Identifier: GPL-2.0
// A pool that was not made is an error pointer.
@made@
expression Q : script:python () { is_queue(Q) };
statement S;
@@
(
 Q = alloc_workqueue(...);
|
 Q = alloc_ordered_workqueue(...);
|
 Q = create_workqueue(...);
|
 Q = create_singlethread_workqueue(...);
|
 Q = create_freezable_workqueue(...);
)
 if (
- !Q
+ IS_ERR(Q)
 ) S

@@
expression Q : script:python () { is_queue(Q) };
identifier create = {alloc_workqueue, alloc_ordered_workqueue, create_workqueue,
		     create_singlethread_workqueue, create_freezable_workqueue};
expression list A;
@@
- !(Q = create(A))
+ IS_ERR(Q = create(A))

// Before the tests below, one of which is for the condition of such an expression, too.
@@
expression Q : script:python () { is_queue(Q) };
expression A;
@@
- Q ?: A
+ !IS_ERR_OR_NULL(Q) ? Q : A

// What comes from elsewhere may be NULL, too.
@@
expression Q : script:python () { is_queue(Q) };
expression R;
@@
- !(Q = R)
+ IS_ERR_OR_NULL(Q = R)

@@
expression Q : script:python () { is_queue(Q) };
expression R;
statement S1, S2;
@@
(
 if (
- (Q = R)
+ !IS_ERR_OR_NULL(Q = R)
 ) S1
|
 if (
- (Q = R)
+ !IS_ERR_OR_NULL(Q = R)
 ) S1 else S2
|
 while (
- (Q = R)
+ !IS_ERR_OR_NULL(Q = R)
 ) S1
)

@@
expression Q : script:python () { is_queue(Q) };
@@
(
- !Q
+ IS_ERR_OR_NULL(Q)
|
- Q == NULL
+ IS_ERR_OR_NULL(Q)
|
- Q != NULL
+ !IS_ERR_OR_NULL(Q)
)

@@
expression Q : script:python () { is_queue(Q) };
statement S1, S2;
@@
(
 if (
- Q
+ !IS_ERR_OR_NULL(Q)
 ) S1
|
 if (
- Q
+ !IS_ERR_OR_NULL(Q)
 ) S1 else S2
|
 while (
- Q
+ !IS_ERR_OR_NULL(Q)
 ) S1
)

@@
expression Q : script:python () { is_queue(Q) };
expression A, B;
@@
(
- Q ? A : B
+ !IS_ERR_OR_NULL(Q) ? A : B
|
- Q && A
+ !IS_ERR_OR_NULL(Q) && A
|
- Q || A
+ !IS_ERR_OR_NULL(Q) || A
)

@@
expression Q : script:python () { is_queue(Q) };
expression A;
@@
(
- A && Q
+ A && !IS_ERR_OR_NULL(Q)
|
- A || Q
+ A || !IS_ERR_OR_NULL(Q)
)
