// Steps of made-up programs, and what people do to each other in them.
#include "absl/strings/str_cat.h"
#include "tests/engine/program.h"

namespace firstline::engine::proof {

StepWhen Program::MakeWhen() {
  StepWhen when;
  if (choices_.Percent(50)) when.waiting_above = choices_.Between(0, 4);
  if (choices_.Percent(20)) when.waiting_below = choices_.Between(6, 9);
  if (choices_.Percent(30)) when.available_below = choices_.Between(1, 4);
  if (choices_.Percent(20)) when.logged_in_above = choices_.Between(0, 2);
  if (choices_.Percent(25)) {
    when = StepWhen{};
    when.expected_wait_above = Milliseconds(choices_.Between(0, 9000));
  }
  if (choices_.Percent(10)) {
    when.expected_wait_below =
        when.expected_wait_above.value_or(Span{}) + Milliseconds(choices_.Between(1, 20'000));
  }
  if (choices_.Percent(20)) when.open = "even";
  if (choices_.Percent(20)) when.closed = "some";
  if (when == StepWhen{}) when.logged_in_below = choices_.Between(1, 3);
  return when;
}

// Often before its time is over, and sometimes only then.
void Program::AddWhen(StepConfig& step, Span before) {
  step.when = MakeWhen();
  step.at_once_if_nobody = false;
  if (choices_.Percent(40)) step.after = before;
  if (choices_.Percent(40)) step.at_latest = step.after + Milliseconds(choices_.Between(1, 9000));
}

// Programs begin at 13:46:40 of Monday, 12 January 1970, and go on for minutes or hours.
std::vector<CalendarConfig> Program::MakeCalendars() {
  CalendarConfig even{.id = "even", .time_zone = "UTC"};
  for (int minute = 13 * 60 + 46; minute < 15 * 60; minute += 2) {
    even.hours.push_back({127, minute, minute + 1});
  }
  CalendarConfig some{.id = "some", .time_zone = "elsewhere", .offsets = {}, .hours = {},
                      .holidays = {12}};
  for (int turn = 0; turn < 3; ++turn) {
    some.offsets.push_back({kStart + Seconds(100 * turn + choices_.Between(-50, 40)),
                            choices_.Between(-90, 90) * 60});
  }
  some.hours = {{choices_.Between(1, 127), 0, choices_.Between(13 * 60, 15 * 60)},
                {1, choices_.Between(13 * 60, 14 * 60), 1440}};
  return {even, some};
}

void Program::AddComingBack(QueueConfig& queue) {
  if (choices_.Percent(30)) queue.max_expected_wait = Milliseconds(choices_.Between(1, 12'000));
  if (choices_.Percent(40)) queue.expected_wait_quantile = WaitQuantile::kP90;
  if (choices_.Percent(30)) queue.ask_decliners_after = Milliseconds(choices_.Between(1, 9000));
  queue.allow_claim = choices_.Percent(50);
  queue.wrap_up_extension_max = Seconds(choices_.Between(0, 6));
  queue.lost_agent = static_cast<LostAgent>(choices_.Below(3));
  if (choices_.Percent(50)) queue.lost_agent_after = Milliseconds(choices_.Between(1, 9000));
  queue.reopen_within = Seconds(choices_.Between(0, 60));
  queue.reopen_keeps_age = choices_.Percent(50);
}

Body Program::MakeAssign(const Engine& engine) {
  using S = InquiryState;
  AssignTo assign;
  assign.inquiry_id = AnyInquiry(engine, {S::kWaiting, S::kOffered, S::kAssigned, S::kParked});
  assign.agent_id = AnyAgent();
  assign.with_offer = choices_.Percent(40);
  for (uint8_t aside = 0; aside < 8; ++aside) {
    if (choices_.Percent(40)) assign.overrides.push_back(static_cast<Override>(aside));
  }
  if (!choices_.Percent(3)) assign.reason = "asked for";
  return assign;
}

}  // namespace firstline::engine::proof
