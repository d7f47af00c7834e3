/* What the C files of the line editor share. */
#pragma once
#include <stdio.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "CReadline.h"

extern kr_callbacks kr_shell;

void kr_bind_keys(void);
void kr_open_completion(void);
