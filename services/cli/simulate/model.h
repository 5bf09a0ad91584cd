// What is simulated: a workspace and what happens in it, checked and ready to run.
//
// The file is a workspace's YAML with a section `simulation:`
// (proto/firstline/simulation/v1/model.proto); the workspace part is read and checked by the code
// that serves `config apply`.
//
// Thread rule: values, pure functions but for reading the files of `arrivals: {times: ...}`.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/cli/simulate/law.h"
#include "services/router/engine/command.h"
#include "services/router/engine/config.h"

namespace firstline::simulate {

inline constexpr double kHourSeconds = 3600;

// A customer whose arrival was given. Lengths below 0: the class's law decides.
struct GivenCustomer {
  double arrival_s = 0;
  double service_s = -1;
  double patience_s = -1;
};

// Exactly one of the three is not empty.
struct Arrivals {
  double per_s = 0;                  // Poisson
  std::vector<double> per_s_by_hour;  // Poisson; nobody after the last hour
  std::vector<GivenCustomer> given;  // ascending
};

struct CustomerClass {
  std::string queue;
  std::string channel;
  bool messaging = false;  // the agent writes a first reply when it has accepted
  int priority = 0;
  engine::RequirementSpec requirement;
  Arrivals arrivals;
  Law service;   // never kNone
  Law patience;
};

struct Shift {
  std::string agent;
  double from_s = 0, until_s = 0;
};

struct Model {
  engine::WorkspaceConfig config;
  std::vector<engine::AgentConfig> agents;
  std::vector<CustomerClass> classes;
  std::vector<Shift> shifts;  // agents without one are always there
  Law answer_delay{.kind = Law::Kind::kDeterministic};
  double warm_up_s = 0;  // 0: not said
  double horizon_s = 0;  // 0: not said

  // Nothing depends on the time of the day, so that one long run can be cut into batches.
  bool stationary() const;
};

// `name` stands before positions in messages; `folder` is where files named in the model are looked
// for. On error INVALID_ARGUMENT, a line a mistake, such as
//   shop.yaml:31:14: simulation.classes[0].queue: there is no queue 'slaes'; did you mean 'sales'?
absl::StatusOr<Model> ReadModel(std::string_view yaml, const std::string& name,
                                const std::filesystem::path& folder);

}  // namespace firstline::simulate
