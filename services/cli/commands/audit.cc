// firstline audit: who did what in a workspace, from the callers that its events tell.
#include <google/protobuf/util/time_util.h>

#include <chrono>
#include <memory>
#include <optional>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/client/cursor.h"
#include "common/config/duration.h"
#include "services/cli/commands/commands.h"
#include "services/cli/failure.h"
#include "services/cli/follow.h"

namespace firstline::cli {
namespace {

using google::protobuf::util::TimeUtil;

struct AuditOptions {
  std::string caller, role, since;
  bool all = false;
  bool follow = false;
  double quiet_s = 1;
};

// What somebody did, not what the router made of it: no offers, no places in queues.
bool IsAct(const v1::Event& event) {
  switch (event.kind_case()) {
    case v1::Event::kInquiryEnqueued:
    case v1::Event::kStepReached:
    case v1::Event::kHoldEnded:
    case v1::Event::kReservationChanged:
    case v1::Event::kOfferCreated:
    case v1::Event::kFirstResponded:
    case v1::Event::kBackOffStarted:
    case v1::Event::kBackOffEnded:
    case v1::Event::kWrapUpStarted:
      return false;
    case v1::Event::kInquiryAssigned:  // by an agent that accepted
      return !event.inquiry_assigned().automatic() && !event.inquiry_assigned().resumed();
    case v1::Event::kOfferEnded:
      return event.offer_ended().outcome() == v1::OFFER_OUTCOME_DECLINED;
    default:
      return true;
  }
}

// A moment, or as long ago as a duration in the workspace's time.
google::protobuf::Timestamp ReadSince(Context& context, const std::string& text) {
  google::protobuf::Timestamp since;
  if (TimeUtil::FromString(text, &since)) return since;
  const std::optional<int64_t> ago = config::ParseDurationNs(text);
  if (!ago || *ago < 0) {
    throw Failure(ExitCode::kUsage,
                  absl::StrCat("--since: '", text,
                               "' is neither a duration such as 2h nor a time such as"
                               " 2026-01-31T08:00:00Z"));
  }
  v1::GetTimeRequest request;
  request.set_workspace(context.Workspace());
  const auto now = Unwrap(context.client().GetTime(request)).time();
  return TimeUtil::NanosecondsToTimestamp(TimeUtil::TimestampToNanoseconds(now) - *ago);
}

class Wanted {
 public:
  Wanted(Context& context, const AuditOptions& options) : options_(options) {
    if (!options.since.empty()) since_ = ReadSince(context, options.since);
    if (options.role.empty()) return;
    role_ = static_cast<v1::CallerRole>(
        ParseEnum(*v1::CallerRole_descriptor(), "role", options.role));
  }
  bool Takes(const v1::Event& event) const {
    if (!event.has_caller() || (!options_.all && !IsAct(event))) return false;
    if (since_ && event.time() < *since_) return false;
    const v1::Caller& caller = event.caller();
    if (role_ && caller.role() != *role_) return false;
    const std::string& named = options_.caller;
    return named.empty() || named == caller.subject() || named == caller.agent_id() ||
           named == caller.on_behalf_of();
  }

 private:
  const AuditOptions& options_;
  std::optional<google::protobuf::Timestamp> since_;
  std::optional<v1::CallerRole> role_;
};

std::string OrDash(const std::string& text) { return text.empty() ? "-" : text; }

std::vector<std::string> Row(const v1::Event& event) {
  const v1::Caller& caller = event.caller();
  std::string did = Words(*v1::EventKind_descriptor(), event.kind_case());
  if (event.has_inquiry_assigned() && IsAct(event)) did = "offer accepted";
  if (event.has_offer_ended()) {
    did = absl::StrCat("offer ", Words(event.offer_ended().outcome()));
  }
  const bool imported = event.has_owner_changed();
  return {Text(event.time()),
          OrDash(caller.subject().empty() ? caller.agent_id() : caller.subject()),
          caller.role() == v1::CALLER_ROLE_UNSPECIFIED
              ? "-"
              : Words(caller.role()),
          OrDash(caller.on_behalf_of()),
          imported ? "workspace imported" : did,
          OrDash(event.inquiry_id()),
          OrDash(event.agent_id()),
          OrDash(event.queue_id()),
          event.id()};
}

const std::vector<std::string> kHeading = {"time",    "caller", "role",  "on behalf of", "did",
                                           "inquiry", "agent",  "queue", "event"};

void ShowAll(Context& context, const std::vector<v1::Event>& events) {
  if (context.format == Format::kTable) {
    Table table(kHeading);
    for (const v1::Event& event : events) table.Add(Row(event));
    table.Print(context.out, context.coloured);
    return;
  }
  auto list = nlohmann::ordered_json::array();
  for (const v1::Event& event : events) {
    list.push_back(nlohmann::ordered_json::parse(ToJson(event, false)));
  }
  context.out << list.dump(2) << "\n";
}

void ShowOne(Context& context, const v1::Event& event) {
  if (context.format == Format::kTable) {
    context.out << absl::StrJoin(Row(event), "  ") << "\n";
  } else {
    context.out << ToJson(event, false) << "\n";
  }
}

void List(Context& context, const AuditOptions& options) {
  const Wanted wanted(context, options);
  FollowOptions how;
  how.wanted.cursor = "0-0";
  if (!options.follow) {
    how.quiet = std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(options.quiet_s));
  }
  // What has no end is written as it comes; one document, and columns, need all of it.
  const bool at_once = options.follow || context.format == Format::kJsonLines;
  std::vector<v1::Event> events;
  bool known = false;
  how.taken_back = [&](const std::string& cursor) {
    std::erase_if(events, [&](const v1::Event& event) {
      return !client::HasReached(cursor, event.id());
    });
  };
  Follow(context, how, [&](const v1::Event& event) {
    known = known || event.has_caller();
    if (!wanted.Takes(event)) return true;
    if (at_once) {
      ShowOne(context, event);
    } else {
      events.push_back(event);
    }
    return true;
  });
  if (!at_once) ShowAll(context, events);
  if (known) return;
  context.err << "no event tells a caller: routers know callers by tokens (--auth-keys) or client\n"
                 "certificates (--tls-cert), or by what is said in firstline-on-behalf-of\n";
}

}  // namespace

void AddAuditCommands(CLI::App& app, Context& context) {
  CLI::App& noun = AddNoun(app, "audit", "who did what", "firstline audit list --since 2h");
  CLI::App& list = AddVerb(
      noun, "list", "list what callers did in a workspace, the oldest first",
      "firstline -w shop audit list --caller kay@example.com --since 24h",
      "From the events that are kept, which nobody can change: whose token or certificate asked, for\n"
      "whom it said that it acts, and what it did. Deleted workspaces take their events along: who\n"
      "deleted them, and calls that were refused, are in the routers' logs (\"audit\", \"refused\").\n"
      "A vendor is told of its own agents. With -o jsonl, or --follow and -o json, a line is one\n"
      "object, with -o json all of them are a list: firstline.v1.Event.");
  const auto options = std::make_shared<AuditOptions>();
  CLI::Option* caller =
      list.add_option("--caller", options->caller,
                      "only what was done by, or on behalf of, this subject or agent")
          ->type_name("NAME");
  context.choices[caller] = [&context] { return AgentIds(context); };
  OneOf(context, *list.add_option("--role", options->role, "only callers of this role"), "role",
        *v1::CallerRole_descriptor());
  list.add_option("--since", options->since,
                  "only from then on: a duration ago such as 2h, or a time such as"
                  " 2026-01-31T08:00:00Z")
      ->type_name("TIME");
  list.add_flag("--all", options->all,
                "also what the router made of it: offers, places in queues, wrap-up");
  list.add_flag("--follow", options->follow, "go on with what happens, until Ctrl-C");
  list.add_option("--quiet", options->quiet_s,
                  "without --follow: stop when nothing came for this many seconds")
      ->capture_default_str()
      ->type_name("SECONDS")
      ->check(Number(0.001, 86400));
  list.callback([&context, options] { List(context, *options); });
}

}  // namespace firstline::cli
