// Every bound of a workspace, with its reason. A command beyond a bound is rejected and changes
// nothing. Tested at, below and beyond in tests/engine/limits_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>

namespace firstline::engine::limits {

// Identifiers and texts, bytes. Ids appear in keys, events and logs: keep them short.
inline constexpr size_t kIdBytesMax = 128;
inline constexpr size_t kNameBytesMax = 64;       // skills, languages, labels, teams, reasons
inline constexpr size_t kAttributesMax = 64;      // entries
inline constexpr size_t kAttributesBytesMax = 8192;  // keys and values together
inline constexpr size_t kCustomerBytesMax = 256;
inline constexpr size_t kRequestIdBytesMax = 64;

// Requirements and profiles: `Qualifies` is linear in them.
inline constexpr int kLevelMin = 1;
inline constexpr int kLevelMax = 10;
inline constexpr size_t kRequiredSkillsMax = 16;
inline constexpr size_t kRequiredLanguagesMax = 8;
inline constexpr size_t kRequiredLabelsMax = 16;
inline constexpr size_t kSkillGroupsMax = 8;
inline constexpr size_t kSkillGroupMax = 16;  // skills in one of them
inline constexpr size_t kExcludedSkillsMax = 16;
inline constexpr size_t kConditionsMax = 8;
inline constexpr size_t kConditionValuesMax = 16;
inline constexpr size_t kAgentSkillsMax = 128;
inline constexpr size_t kAgentLanguagesMax = 32;
inline constexpr size_t kAgentLabelsMax = 64;
inline constexpr size_t kAgentMembershipsMax = 256;
inline constexpr size_t kAgentSessionsMax = 16;

// Configuration of a workspace.
inline constexpr size_t kChannelsMax = 16;  // a channel is a bit in an agent's open-channel mask
inline constexpr size_t kQueuesMax = 2000;
inline constexpr size_t kTeamsMax = 1000;
inline constexpr size_t kStepsMax = 16;
inline constexpr int kCountMax = 2'000'000;  // in a step's condition
inline constexpr size_t kCalendarsMax = 100;
inline constexpr size_t kCalendarHoursMax = 50;
inline constexpr size_t kCalendarHolidaysMax = 1000;
inline constexpr size_t kCalendarOffsetsMax = 200;
inline constexpr size_t kRulesMax = 200;      // each is looked at for an inquiry without a queue
inline constexpr size_t kRuleTraceMax = 16;   // rules that did not fit, named in the event
inline constexpr size_t kClassifierLabelBytesMax = 128;
inline constexpr int64_t kClassifierDeadlineUsMin = 10'000;     // what a call within a cluster needs
inline constexpr int64_t kClassifierDeadlineUsMax = 2'000'000;  // customers and moves wait for it
inline constexpr size_t kAgentsMax = 200'000;
inline constexpr size_t kAgentsPerUpsertMax = 10'000;  // keeps one command's pause bounded
inline constexpr int kPriorityMax = 9;
inline constexpr int kUnitsMax = 1000;
inline constexpr int kTierMax = 100;
inline constexpr int kWeightMax = 1000;
inline constexpr int kOvertakesMax = 1000;
inline constexpr int kOfferToMax = 8;  // agents asked at once: each holds its capacity meanwhile
inline constexpr size_t kReasonBytesMax = 256;  // of a directed assignment
inline constexpr int kUsedMax = 30'000;  // units of one agent, above its capacity: they are counted in 16 bits
inline constexpr int kScoreWeightMax = 100;
inline constexpr size_t kCriteriaMax = 13;  // each once

// Live state.
inline constexpr size_t kOpenInquiriesMax = 2'000'000;
inline constexpr size_t kQueueLengthMax = 2'000'000;
inline constexpr size_t kNamesMax = 200'000;         // distinct interned names
inline constexpr size_t kRequirementsMax = 100'000;  // distinct requirements alive at once
inline constexpr size_t kLinesMax = 200'000;
inline constexpr size_t kPreferredMax = 8;
inline constexpr size_t kExcludedMax = 16;    // named by the caller
inline constexpr size_t kExceptionsMax = 32;  // excluded and declined together; see MakeRoom
inline constexpr size_t kRecentMessagesMax = 16;  // message ids an inquiry remembers for repeats
// Entries of an agent's history, two a conversation; the oldest two become one when there are more.
inline constexpr size_t kHandledMax = 256;
inline constexpr int kRateLimitMax = 100;
inline constexpr size_t kWrapUpsMax = 1000;   // of one agent; beyond it a conversation has none
inline constexpr int kCustomerLooksMax = 8;   // earlier inquiries of a customer that are looked at
inline constexpr size_t kRequestsMax = 1'000'000;  // remembered outcomes, upper bound of the setting

// Explanations: what one of them may cost the loop.
inline constexpr uint32_t kPlacesMax = 10'000;        // inquiries counted before one
inline constexpr uint32_t kLinesLookedAtMax = 20'000; // by ExplainAgent
inline constexpr size_t kCandidatesMax = 200;         // listed, named ones included
inline constexpr size_t kFirstOfLineMax = 16;         // looked through for one the agent may take

// Clocks.
inline constexpr int64_t kWhenToleranceUs = 5'000'000;  // a caller's `when` may be this far ahead
inline constexpr int64_t kWaitReviewUs = 1'000'000;  // steps that wait for an expected wait are looked at so often
inline constexpr int64_t kSpanMaxUs = int64_t{30} * 24 * 3600 * 1'000'000;  // longest setting: 30 d

static_assert(kExcludedMax < kExceptionsMax, "declines need room beside exclusions");
static_assert(2 * kRateLimitMax < kHandledMax, "a limit must be counted one by one");
static_assert(kPriorityMax < 64 && kChannelsMax <= 16);
static_assert(kUsedMax + kUnitsMax < 65'536);

}  // namespace firstline::engine::limits
