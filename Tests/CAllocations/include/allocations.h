#ifndef ALLOCATIONS_H
#define ALLOCATIONS_H

/// Calls of malloc and its kin that the calling thread has made since it began.
unsigned long thread_allocations(void);

#endif
