#include "services/cli/simulate/model.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/config/spelling.h"
#include "common/config/yaml.h"
#include "common/status/reason.h"
#include "firstline/simulation/v1/model.pb.h"
#include "firstline/v1/config_service.pb.h"
#include "google/protobuf/util/time_util.h"
#include "services/cli/simulate/given.h"
#include "services/cli/simulate/yaml_position.h"
#include "services/router/api/convert_command.h"
#include "services/router/api/convert_common.h"
#include "services/router/engine/config_check.h"

namespace firstline::simulate {
namespace {

namespace proto = firstline::simulation::v1;
using google::protobuf::util::TimeUtil;

constexpr double kCvMax = 20;
constexpr int kStagesMax = 1000;
// The engine's own bound of spans.
constexpr double kLengthMaxSeconds = 30.0 * 24 * kHourSeconds;

// A mistake and its path in the file.
struct Mistake {
  std::string path;
  std::string text;
};

double Seconds(const google::protobuf::Duration& span) {
  return static_cast<double>(TimeUtil::DurationToNanoseconds(span)) / 1e9;
}

template <class Configs>
std::vector<std::string> IdsOf(const Configs& configs) {
  std::vector<std::string> ids;
  for (const auto& config : configs) ids.push_back(config.id);
  return ids;
}

// Reads the section `simulation:` once the workspace is known to be right.
class Reader {
 public:
  Reader(const proto::Simulation& section, const std::filesystem::path& folder, Model& model)
      : section_(section), folder_(folder), model_(model) {}

  std::vector<Mistake> Read() {
    if (section_.classes().empty()) Wrong("simulation", "no classes: nobody would come");
    for (const auto& [queue, laws] : section_.queues()) {
      Known(queue, IdsOf(model_.config.queues), "queue",
            absl::StrCat("simulation.queues[", queue, "]"));
    }
    for (int i = 0; i < section_.classes_size(); ++i) ReadClass(i);
    for (int i = 0; i < section_.shifts_size(); ++i) ReadShift(i);
    ReadSpans();
    return std::move(mistakes_);
  }

 private:
  void Wrong(std::string path, std::string text) {
    mistakes_.push_back({std::move(path), std::move(text)});
  }

  bool Known(const std::string& id, const std::vector<std::string>& ids, const std::string& what,
             const std::string& path) {
    if (std::find(ids.begin(), ids.end(), id) != ids.end()) return true;
    const std::string nearest = config::NearestWord(id, ids);
    Wrong(path, absl::StrCat("there is no ", what, " '", id, "'",
                             nearest.empty() ? "" : "; did you mean '" + nearest + "'?"));
    return false;
  }

  void ReadClass(int index) {
    const proto::CustomerClass& given = section_.classes(index);
    const std::string path = absl::StrCat("simulation.classes[", index, "]");
    CustomerClass read;
    read.queue = given.queue();
    Known(read.queue, IdsOf(model_.config.queues), "queue", path + ".queue");
    ReadChannel(given, path, read);
    read.priority = given.priority();
    if (read.priority < 0 || read.priority > engine::limits::kPriorityMax) {
      Wrong(path + ".priority", absl::StrCat(read.priority, " is not in 0..",
                                             engine::limits::kPriorityMax));
    }
    ReadRequirement(given, index, read);
    ReadArrivals(given.arrivals(), path + ".arrivals", read.arrivals);
    ReadLaws(given, path, read);
    model_.classes.push_back(std::move(read));
  }

  void ReadChannel(const proto::CustomerClass& given, const std::string& path,
                   CustomerClass& read) {
    const std::vector<engine::ChannelConfig>& channels = model_.config.channels;
    if (given.channel().empty() && channels.size() != 1) {
      return Wrong(path, "no channel: the workspace has several; add `channel: NAME`");
    }
    read.channel = given.channel().empty() ? channels.front().id : given.channel();
    if (!Known(read.channel, IdsOf(channels), "channel", path + ".channel")) return;
    read.messaging = std::any_of(channels.begin(), channels.end(), [&](const auto& channel) {
      return channel.id == read.channel && channel.kind == engine::ChannelKind::kMessaging;
    });
  }

  void ReadRequirement(const proto::CustomerClass& given, int index, CustomerClass& read) {
    const api::Path root("simulation"), classes(root, "classes"), path(classes, index);
    api::Fields fields;
    read.requirement = api::ReadRequirement(given.requirement(), path / "requirement", fields);
    if (fields.ok()) return;
    const auto info = status::GetErrorInfo(fields.Error());
    for (const status::FieldViolation& it : info->violations) Wrong(it.field, it.description);
  }

  void ReadArrivals(const proto::Arrivals& given, const std::string& path, Arrivals& read) {
    const int ways = (given.per_hour() != 0) + !given.by_hour().empty() + !given.times().empty();
    if (ways != 1) return Wrong(path, "say one of per_hour, by_hour and times");
    if (given.per_hour() < 0) Wrong(path + ".per_hour", "must be above 0");
    read.per_s = given.per_hour() / kHourSeconds;
    double sum = 0;
    for (double rate : given.by_hour()) {
      if (rate < 0) Wrong(path + ".by_hour", "a rate is below 0");
      sum += rate;
      read.per_s_by_hour.push_back(rate / kHourSeconds);
    }
    if (!given.by_hour().empty() && sum <= 0) Wrong(path + ".by_hour", "nobody would come");
    if (given.times().empty()) return;
    auto times = ReadGiven(folder_ / given.times());
    if (!times.ok()) return Wrong(path + ".times", std::string(times.status().message()));
    read.given = *std::move(times);
  }

  void ReadLaws(const proto::CustomerClass& given, const std::string& path, CustomerClass& read) {
    const auto of_queue = section_.queues().find(given.queue());
    const bool has = of_queue != section_.queues().end();
    const std::string queue = absl::StrCat("simulation.queues[", given.queue(), "]");
    if (given.has_service()) {
      read.service = ReadLaw(given.service(), path + ".service", false);
    } else if (has && of_queue->second.has_service()) {
      read.service = ReadLaw(of_queue->second.service(), queue + ".service", false);
    } else if (section_.has_service()) {
      read.service = ReadLaw(section_.service(), "simulation.service", false);
    } else {
      Wrong(path, "no service: how long is an agent busy? Say it here, by queue or for all");
    }
    if (given.has_patience()) {
      read.patience = ReadLaw(given.patience(), path + ".patience", true);
    } else if (has && of_queue->second.has_patience()) {
      read.patience = ReadLaw(of_queue->second.patience(), queue + ".patience", true);
    } else if (section_.has_patience()) {
      read.patience = ReadLaw(section_.patience(), "simulation.patience", true);
    }
  }

  // A law that several classes share is complained of once.
  Law ReadLaw(const proto::Law& given, const std::string& path, bool may_be_endless) {
    Law law{.mean_s = Seconds(given.mean())};
    if (!laws_read_.insert(path).second) mute_ = true;
    const bool endless = given.kind() == proto::LAW_KIND_NONE;
    if (given.kind() == proto::LAW_KIND_UNSPECIFIED) WrongLaw(path, "no kind of law");
    if (endless && !may_be_endless) WrongLaw(path + ".kind", "NONE is for patience only");
    const bool zero_may_be = endless || given.kind() == proto::LAW_KIND_DETERMINISTIC;
    if (law.mean_s < 0 || law.mean_s > kLengthMaxSeconds || (law.mean_s == 0 && !zero_may_be)) {
      WrongLaw(path + ".mean", "must be above 0 and at most 30 days");
    }
    law.kind = KindOf(given, path, law.cv);
    mute_ = false;
    return law;
  }

  Law::Kind KindOf(const proto::Law& given, const std::string& path, double& cv) {
    const bool has_cv =
        given.kind() == proto::LAW_KIND_LOGNORMAL || given.kind() == proto::LAW_KIND_GAMMA;
    if (has_cv && !(given.cv() > 0 && given.cv() <= kCvMax)) {
      WrongLaw(path + ".cv", absl::StrCat("must be above 0 and at most ", kCvMax));
    }
    if (!has_cv && given.cv() != 0) WrongLaw(path + ".cv", "is for LOGNORMAL and GAMMA");
    const bool erlang = given.kind() == proto::LAW_KIND_ERLANG;
    if (erlang && (given.stages() < 1 || given.stages() > kStagesMax)) {
      WrongLaw(path + ".stages", absl::StrCat(given.stages(), " is not in 1..", kStagesMax));
    }
    if (!erlang && given.stages() != 0) WrongLaw(path + ".stages", "is for ERLANG");
    cv = has_cv ? given.cv() : 1;
    switch (given.kind()) {
      case proto::LAW_KIND_DETERMINISTIC:
        return Law::Kind::kDeterministic;
      case proto::LAW_KIND_EXPONENTIAL:
        return Law::Kind::kExponential;
      case proto::LAW_KIND_LOGNORMAL:
        return Law::Kind::kLognormal;
      case proto::LAW_KIND_ERLANG:
        cv = 1 / std::sqrt(std::max(given.stages(), 1));
        return Law::Kind::kGamma;
      case proto::LAW_KIND_GAMMA:
        return Law::Kind::kGamma;
      default:
        return Law::Kind::kNone;
    }
  }

  void WrongLaw(std::string path, std::string text) {
    if (!mute_) Wrong(std::move(path), std::move(text));
  }

  void ReadShift(int index) {
    const proto::Shift& given = section_.shifts(index);
    const std::string path = absl::StrCat("simulation.shifts[", index, "]");
    const double from_s = Seconds(given.from()), until_s = Seconds(given.until());
    if (from_s < 0 || until_s <= from_s) Wrong(path, "`until` must be after `from`");
    if (given.agents().empty() && given.team().empty()) Wrong(path, "name agents or a team");
    const std::vector<std::string> ids = IdsOf(model_.agents);
    std::set<std::string> whose;
    for (int i = 0; i < given.agents_size(); ++i) {
      Known(given.agents(i), ids, "agent", absl::StrCat(path, ".agents[", i, "]"));
      whose.insert(given.agents(i));
    }
    if (!given.team().empty()) {
      Known(given.team(), IdsOf(model_.config.teams), "team", path + ".team");
      for (const engine::AgentConfig& agent : model_.agents) {
        if (agent.team == given.team()) whose.insert(agent.id);
      }
    }
    for (const std::string& agent : whose) model_.shifts.push_back({agent, from_s, until_s});
  }

  void ReadSpans() {
    if (section_.has_answer_delay()) {
      model_.answer_delay = ReadLaw(section_.answer_delay(), "simulation.answer_delay", false);
    }
    model_.warm_up_s = Seconds(section_.warm_up());
    model_.horizon_s = Seconds(section_.horizon());
    if (model_.warm_up_s < 0) Wrong("simulation.warm_up", "must not be below 0");
    if (model_.horizon_s < 0) Wrong("simulation.horizon", "must not be below 0");
    if (model_.horizon_s > 0 && model_.horizon_s <= model_.warm_up_s) {
      Wrong("simulation.horizon", "must be more than the warm-up, which is part of it");
    }
  }

  const proto::Simulation& section_;
  const std::filesystem::path& folder_;
  Model& model_;
  std::set<std::string> laws_read_;
  bool mute_ = false;
  std::vector<Mistake> mistakes_;
};

// Fields are those of Workspace under the same numbers, so the wire carries them over.
firstline::v1::Workspace WorkspaceOf(const proto::Model& model) {
  firstline::v1::Workspace workspace;
  workspace.ParseFromString(model.SerializeAsString());
  workspace.DiscardUnknownFields();
  if (workspace.id().empty()) workspace.set_id("simulation");
  return workspace;
}

// As a router reads and checks it.
std::vector<Mistake> ReadWorkspace(const proto::Model& file, Model& model) {
  firstline::v1::ApplyWorkspaceRequest request;
  *request.mutable_workspace() = WorkspaceOf(file);
  request.set_mode(firstline::v1::APPLY_MODE_WHOLE);
  auto command = api::ToCommand(request);
  std::vector<Mistake> mistakes;
  if (!command.ok()) {
    const auto info = status::GetErrorInfo(command.status());
    constexpr std::string_view kRoot = "workspace.";
    for (const status::FieldViolation& it : info->violations) {
      mistakes.push_back({it.field.starts_with(kRoot) ? it.field.substr(kRoot.size()) : it.field,
                          it.description});
    }
    return mistakes;
  }
  auto& apply = std::get<engine::ApplyConfig>(command->body);
  for (const engine::ConfigProblem& it : engine::Review(engine::Engine("check"), apply).problems) {
    mistakes.push_back({it.path, it.message});
  }
  if (!apply.agents || apply.agents->empty()) {
    mistakes.push_back({"", "no agents: a simulation needs them in its file"});
  }
  model.config = std::move(apply.config);
  if (apply.agents) model.agents = *std::move(apply.agents);
  return mistakes;
}

absl::Status Invalid(std::string_view yaml, const std::string& name,
                     const std::vector<Mistake>& mistakes) {
  std::vector<std::string> lines;
  for (const Mistake& mistake : mistakes) {
    const std::string position = PositionOf(yaml, mistake.path);
    const std::string field = mistake.path.empty() ? "" : mistake.path + ": ";
    lines.push_back(absl::StrCat(name, ":", position, ": ", field, mistake.text));
  }
  return absl::InvalidArgumentError(absl::StrJoin(lines, "\n"));
}

}  // namespace

bool Model::stationary() const {
  return shifts.empty() && std::all_of(classes.begin(), classes.end(), [](const auto& it) {
           return it.arrivals.per_s > 0;
         });
}

absl::StatusOr<Model> ReadModel(std::string_view yaml, const std::string& name,
                                const std::filesystem::path& folder) {
  proto::Model file;
  if (absl::Status read = config::ParseYaml(yaml, file, {.source_name = name}); !read.ok()) {
    return read;
  }
  Model model;
  if (const auto mistakes = ReadWorkspace(file, model); !mistakes.empty()) {
    return Invalid(yaml, name, mistakes);
  }
  if (const auto mistakes = Reader(file.simulation(), folder, model).Read(); !mistakes.empty()) {
    return Invalid(yaml, name, mistakes);
  }
  return model;
}

}  // namespace firstline::simulate
