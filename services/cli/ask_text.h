// What an inquiry or a queue asks of an agent, as one line for people.
//
// Thread rule: pure functions.
#pragma once

#include <string>

#include "firstline/v1/common.pb.h"

namespace firstline::cli {

// "refunds:3 + de:1 or en:1 + night + (billing:2 or tech:1-4) + not trainee + site in north, south";
// "" when nothing is asked.
std::string AskText(const v1::Requirement& requirement);

}  // namespace firstline::cli
