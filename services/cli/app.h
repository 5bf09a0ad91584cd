// `firstline`, the command line of Firstline: everything but main().
//
//   firstline config  validate|apply|get        firstline agent  list|set
//   firstline inquiry submit|get|list|close|cancel
//   firstline queue   stats      firstline events      firstline replay     firstline load
//
// Results go to standard output, everything else to standard error. Errors name code, reason, fields
// and what to do. Exit codes are those of failure.h:
//   0 done   1 refused   2 wrong command line   3 wrong file or field   4 not found
//   5 no router answered, may be repeated   6 a replay or load found violations
// FIRSTLINE_SERVER and FIRSTLINE_WORKSPACE stand for --server and --workspace.
//
// Thread rule: one thread.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "services/cli/failure.h"

namespace firstline::cli {

// Does what `arguments` say (without the program's name).
ExitCode Run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);

}  // namespace firstline::cli
