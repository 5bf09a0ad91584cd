// firstline inquiry watch, timeline: one inquiry's history.
#include <google/protobuf/util/time_util.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "services/cli/commands/commands.h"
#include "services/cli/failure.h"
#include "services/cli/follow.h"
#include "services/cli/timeline.h"

namespace firstline::cli {
namespace {

using google::protobuf::util::TimeUtil;

// Above the span after which a router that looks through a long history for one inquiry says that
// it lives.
constexpr std::chrono::seconds kQuietMax(6);
// For what follows the last step at once: wrap-up, feedback.
constexpr std::chrono::milliseconds kAfterwards(300);

v1::Inquiry Read(Context& context, const std::string& id) {
  v1::GetInquiryRequest request;
  request.set_workspace(context.Workspace());
  request.set_inquiry_id(id);
  return Unwrap(context.client().GetInquiry(request)).inquiry();
}

bool IsEnded(const v1::Inquiry& inquiry) {
  return inquiry.state() == v1::INQUIRY_STATE_CLOSED ||
         inquiry.state() == v1::INQUIRY_STATE_CANCELLED;
}

bool IsEnd(const v1::Event& event) {
  return event.has_inquiry_closed() || event.has_inquiry_cancelled() || event.has_inquiry_purged();
}

void Watch(Context& context, const std::string& id, const std::string& from) {
  FollowOptions how;
  how.wanted.inquiry_id = id;
  how.wanted.cursor = from == "now" ? "" : from;
  // Its last event may be too old to be kept: then only silence tells.
  if (IsEnded(Read(context, id))) how.quiet = kQuietMax;
  Follow(context, how, [&](const v1::Event& event) {
    // Owners come and go before and beside it.
    if (event.inquiry_id() == id) ShowEvent(context, event);
    return event.inquiry_id() != id || !IsEnd(event);
  });
}

// Fills `timeline` with all that is kept.
void ReadHistory(Context& context, const v1::Inquiry& inquiry, Timeline& timeline) {
  FollowOptions how;
  how.wanted.inquiry_id = inquiry.spec().id();
  how.wanted.cursor = "0-0";
  how.quiet = kQuietMax;
  how.taken_back = [&](const std::string& cursor) { timeline.TakeBack(cursor); };
  how.wanted.cursor = Follow(context, how, [&](const v1::Event& event) {
    timeline.Take(event);
    return !timeline.Reaches(inquiry);
  });
  how.quiet = kAfterwards;
  Follow(context, how, [&](const v1::Event& event) {
    timeline.Take(event);
    return true;
  });
}

struct Times {
  std::int64_t elapsed_us, step_us;
};

void ShowTable(Context& context, const std::vector<TimelineStep>& steps,
               const std::vector<Times>& times) {
  Table table({"time", "elapsed", "step", "by", "what"});
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const bool decided = steps[i].by == "router";
    table.Add({Text(steps[i].event.time()),
               Elapsed(times[i].elapsed_us),
               i == 0 ? "" : absl::StrCat("+", Elapsed(times[i].step_us)),
               {steps[i].by, decided ? Colour::kDim : Colour::kGreen},
               steps[i].what});
  }
  table.Print(context.out, context.coloured);
}

void ShowJson(Context& context, const std::vector<TimelineStep>& steps,
              const std::vector<Times>& times) {
  auto list = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const v1::Event& event = steps[i].event;
    list.push_back({{"time", Text(event.time())},
                    {"elapsed_s", static_cast<double>(times[i].elapsed_us) / 1e6},
                    {"step_s", static_cast<double>(times[i].step_us) / 1e6},
                    {"by", steps[i].by},
                    {"what", steps[i].what},
                    {"event", nlohmann::ordered_json::parse(ToJson(event, false))}});
  }
  if (context.format == Format::kJson) {
    context.out << list.dump(2) << "\n";
    return;
  }
  for (const auto& entry : list) context.out << entry.dump() << "\n";
}

void ShowTimeline(Context& context, const std::string& id) {
  const v1::Inquiry inquiry = Read(context, id);
  v1::GetWorkspaceRequest request;
  request.set_workspace(context.Workspace());
  const v1::GetWorkspaceResponse config = Unwrap(context.client().GetWorkspace(request));
  Timeline timeline(config.workspace());
  ReadHistory(context, inquiry, timeline);
  const std::vector<TimelineStep>& steps = timeline.steps();
  if (steps.empty() || !steps.front().event.has_inquiry_submitted()) {
    context.err << "its beginning is not kept any more\n";
  }
  std::vector<Times> times;
  std::int64_t first_us = 0, last_us = 0;
  for (const TimelineStep& step : steps) {
    const std::int64_t us = TimeUtil::TimestampToMicroseconds(step.event.time());
    if (times.empty()) first_us = last_us = us;
    times.push_back({us - first_us, us - last_us});
    last_us = us;
  }
  return context.format == Format::kTable ? ShowTable(context, steps, times)
                                          : ShowJson(context, steps, times);
}

}  // namespace

void AddInquiryHistory(CLI::App& noun, Context& context) {
  const auto id = std::make_shared<std::string>();
  const auto from = std::make_shared<std::string>("0-0");
  CLI::App& watch =
      AddVerb(noun, "watch", "show what happens to an inquiry until it ends",
              "firstline inquiry watch chat-4711",
              "A line an event, as `firstline events` writes them, from its beginning on.");
  watch.add_option("id", *id, "id of the inquiry")->required()->type_name("ID");
  watch.add_option("--from", *from, "id of the last event seen; now: none of the past")
      ->type_name("CURSOR")
      ->capture_default_str();
  watch.callback([&context, id, from] { Watch(context, *id, *from); });

  CLI::App& timeline = AddVerb(
      noun, "timeline", "tell who decided what about an inquiry, when and why",
      "firstline inquiry timeline chat-4711",
      "A line a step, from the events that are kept: when, how long after the beginning and after\n"
      "the step before, whose doing, and what. Steps of routes are explained by the configuration "
      "of\n"
      "today.");
  timeline.add_option("id", *id, "id of the inquiry")->required()->type_name("ID");
  timeline.callback([&context, id] { ShowTimeline(context, *id); });
}

}  // namespace firstline::cli
