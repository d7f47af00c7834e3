#include "CResources.h"

static const unsigned char arrhenius[] = {
#embed "../../stdlib-lua/arrhenius.lua"
};
static const unsigned char escape_combine[] = {
#embed "../../stdlib-lua/escape.combine.lua"
};
static const unsigned char escape_compare[] = {
#embed "../../stdlib-lua/escape.compare.lua"
};
static const unsigned char control[] = {
#embed "../../stdlib-lua/control.lua"
};
static const unsigned char grok[] = {
#embed "../../stdlib-lua/grok.lua"
};
static const unsigned char schedule[] = {
#embed "../../stdlib-lua/schedule.lua"
};
static const unsigned char accelerate[] = {
#embed "../../stdlib-lua/accelerate.lua"
};
static const unsigned char bifurcation[] = {
#embed "../../stdlib-lua/bifurcation.lua"
};
static const unsigned char hysteresis[] = {
#embed "../../stdlib-lua/hysteresis.lua"
};
static const unsigned char metastable[] = {
#embed "../../stdlib-lua/metastable.lua"
};
static const unsigned char phase_diagram[] = {
#embed "../../stdlib-lua/phase_diagram.lua"
};
static const unsigned char check[] = {
#embed "../../stdlib-lua/check.lua"
};
static const unsigned char replicate[] = {
#embed "../../stdlib-lua/replicate.lua"
};
static const unsigned char parts_strengths[] = {
#embed "../../stdlib-lua/parts/strengths.lua"
};
static const unsigned char parts_data_seeds[] = {
#embed "../../stdlib-lua/parts/data_seeds.lua"
};
static const unsigned char parts_replication[] = {
#embed "../../stdlib-lua/parts/replication.lua"
};
static const unsigned char parts_figure_1a[] = {
#embed "../../stdlib-lua/parts/figure_1a.lua"
};
static const unsigned char parts_figure_1b[] = {
#embed "../../stdlib-lua/parts/figure_1b.lua"
};
static const unsigned char parts_figure_2a[] = {
#embed "../../stdlib-lua/parts/figure_2a.lua"
};
static const unsigned char parts_figure_2b[] = {
#embed "../../stdlib-lua/parts/figure_2b.lua"
};
static const unsigned char parts_figure_2c[] = {
#embed "../../stdlib-lua/parts/figure_2c.lua"
};
static const unsigned char parts_figure_2d[] = {
#embed "../../stdlib-lua/parts/figure_2d.lua"
};
static const unsigned char parts_figure_3[] = {
#embed "../../stdlib-lua/parts/figure_3.lua"
};
static const unsigned char parts_figure_4[] = {
#embed "../../stdlib-lua/parts/figure_4.lua"
};
static const unsigned char parts_mnist_transitions[] = {
#embed "../../stdlib-lua/parts/mnist_transitions.lua"
};
static const unsigned char pictures_draw[] = {
#embed "../../stdlib-lua/pictures/draw.lua"
};
static const unsigned char pictures_plot[] = {
#embed "../../stdlib-lua/pictures/plot.lua"
};
static const unsigned char pictures_escape[] = {
#embed "../../stdlib-lua/pictures/escape.lua"
};
static const unsigned char pictures_arrhenius[] = {
#embed "../../stdlib-lua/pictures/arrhenius.lua"
};
static const unsigned char pictures_branches[] = {
#embed "../../stdlib-lua/pictures/branches.lua"
};
static const unsigned char pictures_landscape[] = {
#embed "../../stdlib-lua/pictures/landscape.lua"
};
static const unsigned char pictures_curves[] = {
#embed "../../stdlib-lua/pictures/curves.lua"
};
static const unsigned char pictures_comparisons[] = {
#embed "../../stdlib-lua/pictures/comparisons.lua"
};
static const unsigned char pictures_report[] = {
#embed "../../stdlib-lua/pictures/report.lua"
};
static const unsigned char template_template[] = {
#embed "../../stdlib-lua/template/template.lua"
};

#define SHIPPED(name, bytes) {name, {bytes, sizeof bytes}}

/* Protocols in the order of the reference page. */
static const struct {
  const char *name;
  struct kr_resource resource;
} files[] = {
    SHIPPED("arrhenius", arrhenius),
    SHIPPED("escape.combine", escape_combine),
    SHIPPED("escape.compare", escape_compare),
    SHIPPED("control", control),
    SHIPPED("grok", grok),
    SHIPPED("schedule", schedule),
    SHIPPED("accelerate", accelerate),
    SHIPPED("bifurcation", bifurcation),
    SHIPPED("hysteresis", hysteresis),
    SHIPPED("metastable", metastable),
    SHIPPED("phase_diagram", phase_diagram),
    SHIPPED("check", check),
    SHIPPED("replicate", replicate),
    SHIPPED("parts/strengths", parts_strengths),
    SHIPPED("parts/data_seeds", parts_data_seeds),
    SHIPPED("parts/replication", parts_replication),
    SHIPPED("parts/figure_1a", parts_figure_1a),
    SHIPPED("parts/figure_1b", parts_figure_1b),
    SHIPPED("parts/figure_2a", parts_figure_2a),
    SHIPPED("parts/figure_2b", parts_figure_2b),
    SHIPPED("parts/figure_2c", parts_figure_2c),
    SHIPPED("parts/figure_2d", parts_figure_2d),
    SHIPPED("parts/figure_3", parts_figure_3),
    SHIPPED("parts/figure_4", parts_figure_4),
    SHIPPED("parts/mnist_transitions", parts_mnist_transitions),
    SHIPPED("pictures/draw", pictures_draw),
    SHIPPED("pictures/plot", pictures_plot),
    SHIPPED("pictures/escape", pictures_escape),
    SHIPPED("pictures/arrhenius", pictures_arrhenius),
    SHIPPED("pictures/branches", pictures_branches),
    SHIPPED("pictures/landscape", pictures_landscape),
    SHIPPED("pictures/curves", pictures_curves),
    SHIPPED("pictures/comparisons", pictures_comparisons),
    SHIPPED("pictures/report", pictures_report),
    SHIPPED("template/template", template_template),
};

const char *kr_lua_name(size_t n) {
  return n < sizeof files / sizeof *files ? files[n].name : NULL;
}

struct kr_resource kr_lua(size_t n) { return files[n].resource; }
