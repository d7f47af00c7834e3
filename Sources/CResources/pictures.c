#include "CResources.h"

static const unsigned char picture_draw[] = {
#embed "../../stdlib-lua/pictures/draw.lua"
};
static const unsigned char picture_plot[] = {
#embed "../../stdlib-lua/pictures/plot.lua"
};
static const unsigned char picture_escape[] = {
#embed "../../stdlib-lua/pictures/escape.lua"
};
static const unsigned char picture_arrhenius[] = {
#embed "../../stdlib-lua/pictures/arrhenius.lua"
};
static const unsigned char picture_branches[] = {
#embed "../../stdlib-lua/pictures/branches.lua"
};
static const unsigned char picture_landscape[] = {
#embed "../../stdlib-lua/pictures/landscape.lua"
};
static const unsigned char picture_curves[] = {
#embed "../../stdlib-lua/pictures/curves.lua"
};
static const unsigned char picture_comparisons[] = {
#embed "../../stdlib-lua/pictures/comparisons.lua"
};

/* `draw` and `plot` first: the others use them. */
static const struct {
  const char *name;
  struct kr_resource resource;
} pictures[] = {
    {"draw", {picture_draw, sizeof picture_draw}},
    {"plot", {picture_plot, sizeof picture_plot}},
    {"escape", {picture_escape, sizeof picture_escape}},
    {"arrhenius", {picture_arrhenius, sizeof picture_arrhenius}},
    {"branches", {picture_branches, sizeof picture_branches}},
    {"landscape", {picture_landscape, sizeof picture_landscape}},
    {"curves", {picture_curves, sizeof picture_curves}},
    {"comparisons", {picture_comparisons, sizeof picture_comparisons}},
};

const char *kr_picture_name(size_t n) {
  return n < sizeof pictures / sizeof *pictures ? pictures[n].name : NULL;
}

struct kr_resource kr_picture(size_t n) { return pictures[n].resource; }
