#pragma once

/// Refuses, before any Swift code runs, a CPU without the instructions the program was built for.
/// Linking this target is enough; the call exists so that the linker keeps it.
void kp_require_processor(void);
