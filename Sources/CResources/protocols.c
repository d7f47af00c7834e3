#include "CResources.h"

#include <string.h>

static const unsigned char arrhenius[] = {
#embed "../../stdlib-lua/arrhenius.lua"
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

static const unsigned char escape_combine[] = {
#embed "../../stdlib-lua/escape.combine.lua"
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

static const unsigned char template[] = {
#embed "../../stdlib-lua/template/template.lua"
};

/* In the order of the reference page. */
static const struct {
  const char *name;
  struct kr_resource resource;
} protocols[] = {
    {"arrhenius", {arrhenius, sizeof arrhenius}},
    {"escape.combine", {escape_combine, sizeof escape_combine}},
    {"control", {control, sizeof control}},
    {"grok", {grok, sizeof grok}},
    {"schedule", {schedule, sizeof schedule}},
    {"accelerate", {accelerate, sizeof accelerate}},
    {"bifurcation", {bifurcation, sizeof bifurcation}},
    {"hysteresis", {hysteresis, sizeof hysteresis}},
    {"metastable", {metastable, sizeof metastable}},
    {"phase_diagram", {phase_diagram, sizeof phase_diagram}},
};

const char *kr_protocol_name(size_t n) {
  return n < sizeof protocols / sizeof *protocols ? protocols[n].name : NULL;
}

struct kr_resource kr_template(void) { return (struct kr_resource){template, sizeof template}; }

struct kr_resource kr_protocol(const char *name) {
  for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++) {
    if (strcmp(protocols[i].name, name) == 0) return protocols[i].resource;
  }
  struct kr_resource none = {0, 0};
  return none;
}
