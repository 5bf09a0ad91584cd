// Restores an engine from another one's views, as a store would from its records.
#pragma once

#include "services/router/engine/engine.h"

namespace firstline::engine::proof {

// `to` must be fresh. Only names travel: every handle is looked up anew.
void Restore(const Engine& from, Engine& to);

}  // namespace firstline::engine::proof
