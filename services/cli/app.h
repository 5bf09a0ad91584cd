// `firstline`, the command line of Firstline: everything but main().
//
//   config  validate|diff|apply|get|export          agent   list|set|accept|decline|finish|
//   inquiry submit|get|list|update|transfer|                watch|work
//           message|park|resume|feedback|           queue   list|stats|watch
//           watch|timeline|close|cancel             top     events     replay
//   context list|use|set|delete                     simulate           load
//   completion   help
//
// Results go to standard output, everything else to standard error. Errors name code, reason,
// fields and what to do. Every command that prints data takes -o table|json|jsonl. Colour is for
// terminals only, and NO_COLOR turns it off. Exit codes are those of failure.h:
//   0 done   1 refused   2 wrong command line   3 wrong file or field   4 not found
//   5 no router answered, may be repeated   6 a replay or load found violations
//   7 `config diff` found differences
//
// Options of every command are looked for in this order: flag, environment (FIRSTLINE_SERVER,
// FIRSTLINE_WORKSPACE, FIRSTLINE_OUTPUT, FIRSTLINE_CONTEXT), the context in use (settings.h),
// default.
//
// Thread rule: one thread.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "services/cli/failure.h"

namespace firstline::cli {

// Does what `arguments` say (without the program's name). `out` and `err` count as a terminal only
// if they are std::cout and std::cerr and those are.
ExitCode Run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);

}  // namespace firstline::cli
