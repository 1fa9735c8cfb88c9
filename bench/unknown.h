/* NAN stands for what is not known and INFINITY for no limit: a compiler that is told that there are none takes either
 * for a number, and what is unknown for a limit of 0. */
#ifndef UNKNOWN_H
#define UNKNOWN_H

#include <math.h>

#if defined __FINITE_MATH_ONLY__ && __FINITE_MATH_ONLY__
#error "NAN and INFINITY are needed here: give -fno-finite-math-only after -Ofast or -ffast-math"
#endif

#endif
