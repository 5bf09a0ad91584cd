// What applying a configuration would do: the merge, the changes, and what looks like a mistake.
#include <algorithm>
#include <functional>
#include <set>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "services/router/engine/config_check.h"
#include "services/router/engine/names.h"
#include "services/router/engine/requirement.h"

namespace firstline::engine {
namespace {

using Problems = std::vector<ConfigProblem>;

// Replaces by id, appends what is new, drops what is listed.
template <class Config>
void MergeById(std::vector<Config>& into, const std::vector<Config>& from,
               const std::vector<std::string>& removed) {
  for (const Config& config : from) {
    auto known = std::find_if(into.begin(), into.end(),
                              [&](const Config& c) { return c.id == config.id; });
    if (known == into.end()) {
      into.push_back(config);
    } else {
      *known = config;
    }
  }
  std::erase_if(into, [&](const Config& c) {
    return std::find(removed.begin(), removed.end(), c.id) != removed.end();
  });
}

template <class Config>
void Compare(const std::vector<Config>& before, const std::vector<Config>& after,
             const std::string& what, Problems& changes) {
  const auto find = [](const std::vector<Config>& in, const std::string& id) {
    return std::find_if(in.begin(), in.end(), [&](const Config& c) { return c.id == id; });
  };
  for (const Config& config : after) {
    auto known = find(before, config.id);
    const std::string path = absl::StrCat(what, "[", config.id, "]");
    if (known == before.end()) {
      changes.push_back({path, "added"});
    } else if (!(*known == config)) {
      changes.push_back({path, "changed"});
    }
  }
  for (const Config& config : before) {
    if (find(after, config.id) == after.end()) {
      changes.push_back({absl::StrCat(what, "[", config.id, "]"), "removed"});
    }
  }
}

// Who could serve whom in a configuration that is not installed: Qualifies itself, with handles of
// its own.
class Qualification {
 public:
  explicit Qualification(const std::vector<AgentConfig>& agents) {
    for (const AgentConfig& agent : agents) {
      profiles_.insert(ProfileFrom(agent, Intern(), [this](std::string_view queue) {
        return QueueIx{names_.Intern(queue).value};
      }));
    }
  }
  bool HasOneFor(const QueueConfig& queue) const {
    const Requirement requirement = Canonical(queue.requirement, Intern());
    const Audience audience{.queue = {names_.Intern(queue.id).value}, .dropped_skills = {}};
    return std::any_of(profiles_.begin(), profiles_.end(), [&](const Profile& profile) {
      return Qualifies(audience, requirement, profile) == Mismatch::kNone;
    });
  }

 private:
  std::function<NameIx(std::string_view)> Intern() const {
    return [this](std::string_view name) { return names_.Intern(name); };
  }
  mutable Names names_;
  std::set<Profile> profiles_;
};

}  // namespace

WorkspaceConfig Merge(const WorkspaceConfig& present, const ApplyConfig& apply) {
  if (apply.whole) return apply.config;
  WorkspaceConfig next = present;
  if (apply.patch_settings) next.settings = apply.config.settings;
  if (apply.patch_rules) {
    next.rules = apply.config.rules;
    next.external = apply.config.external;
  }
  MergeById(next.channels, apply.config.channels, apply.remove_channels);
  MergeById(next.teams, apply.config.teams, apply.remove_teams);
  MergeById(next.queues, apply.config.queues, apply.remove_queues);
  MergeById(next.calendars, apply.config.calendars, apply.remove_calendars);
  return next;
}

ConfigReview Review(const Engine& engine, const ApplyConfig& apply) {
  ConfigReview review;
  const WorkspaceConfig next = Merge(engine.config(), apply);
  review.problems = CheckConfig(next);
  std::vector<AgentConfig> before, after;
  engine.ForEachAgent([&](AgentIx ix, const Agent&) {
    before.push_back(engine.ConfigOf(ix));
    return true;
  });
  if (!apply.whole || !apply.agents) after = before;
  if (apply.agents) MergeById(after, *apply.agents, {});
  for (size_t i = 0; i < after.size(); ++i) {
    auto problems = CheckAgent(after[i], next, absl::StrCat("agents[", after[i].id, "]"));
    review.problems.insert(review.problems.end(), problems.begin(), problems.end());
  }
  if (!(engine.config().settings == next.settings)) {
    review.changes.push_back({"settings", "changed"});
  }
  Compare(engine.config().channels, next.channels, "channels", review.changes);
  Compare(engine.config().teams, next.teams, "teams", review.changes);
  Compare(engine.config().queues, next.queues, "queues", review.changes);
  Compare(engine.config().rules, next.rules, "rules", review.changes);
  const auto& external = engine.config().external;
  if (!(external == next.external)) {
    const char* change = !external ? "added" : !next.external ? "removed" : "changed";
    review.changes.push_back({"classification.external", change});
  }
  Compare(engine.config().calendars, next.calendars, "calendars", review.changes);
  if (apply.agents) Compare(before, after, "agents", review.changes);
  if (next.settings.closed_max == 0) {
    review.warnings.push_back(
        {"settings.closed_max",
         "ended inquiries are forgotten at once: a repeated call about one is refused as unknown, an "
         "id may be used again, and no customer is recognised"});
  }
  const Qualification qualification(after);
  for (const QueueConfig& queue : next.queues) {
    const std::string path = absl::StrCat("queues[", queue.id, "]");
    if (!qualification.HasOneFor(queue)) review.warnings.push_back({path, "no agent qualifies"});
    if (queue.first_reply_warning.us > 0 && queue.first_reply_timeout.us > 0 &&
        queue.first_reply_warning >= queue.first_reply_timeout) {
      review.warnings.push_back({path + ".first_reply_warning",
                                 "is not before first_reply_timeout: it never fires"});
    }
    const auto& selection = queue.selection;
    if (!(queue.score == ScoreConfig{}) &&
        std::find(selection.begin(), selection.end(), Criterion::kScore) == selection.end()) {
      review.warnings.push_back({path + ".score", "has no effect without the criterion SCORE"});
    }
    const Span remembered = std::max(queue.keep_place, queue.last_agent_within);
    if (remembered > next.settings.closed_retention) {
      const bool place = queue.keep_place > next.settings.closed_retention;
      review.warnings.push_back({path + (place ? ".keep_place" : ".last_agent_within"),
                                 "reaches back no further than closed_retention"});
    }
    const bool prefers = queue.preferred_hold.us > 0 ||
                         std::find(selection.begin(), selection.end(), Criterion::kPreferred) !=
                             selection.end();
    if (queue.last_agent_within.us > 0 && !prefers) {
      review.warnings.push_back({path + ".last_agent_within",
                                 "has no effect without the criterion PREFERRED or preferred_hold"});
    }
    if (queue.reopen_within > next.settings.closed_retention) {
      review.warnings.push_back({path + ".reopen_within",
                                 "reaches back no further than closed_retention"});
    }
    if (queue.lost_agent == LostAgent::kKeep && queue.lost_agent_after.us > 0) {
      review.warnings.push_back({path + ".lost_agent_after",
                                 "has no effect while lost_agent is KEEP"});
    }
    if (queue.reopen_keeps_age && queue.reopen_within.us == 0) {
      review.warnings.push_back({path + ".reopen_keeps_age",
                                 "has no effect without reopen_within"});
    }
    if (queue.expected_wait_quantile != WaitQuantile::kP50 && queue.max_expected_wait.us == 0 &&
        !queue.StepsJudgeWait()) {
      review.warnings.push_back({path + ".expected_wait_quantile",
                                 "has no effect without max_expected_wait or a step that waits for "
                                 "an expected wait"});
    }
    if (queue.wrap_up_queue_only && queue.wrap_up.us == 0) {
      review.warnings.push_back({path + ".wrap_up_queue_only",
                                 "has no effect on memberships without a wrap_up of their own"});
    }
    if (queue.serving != Serving::kCredit && queue.serving != Serving::kDeadline &&
        !queue.credits.empty()) {
      review.warnings.push_back({path + ".credits", "have no effect with this serving order"});
    }
  }
  if (!next.rules.empty() && !IsDefault(next.rules.back())) {
    review.warnings.push_back({absl::StrCat("rules[", next.rules.back().id, "]"),
                               "the last rule is no default: inquiries that fit none are refused"});
  }
  if (next.external && next.rules.empty()) {
    review.warnings.push_back(
        {"classification.external",
         "there is no default rule: where the classifier has no verdict, inquiries are refused"});
  }
  return review;
}

}  // namespace firstline::engine
