// Qualifies: every mismatch, the order of the checks, and each relaxation.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "services/router/engine/requirement.h"
#include "tests/engine/engine_text.h"

namespace firstline::engine {
namespace {

constexpr QueueIx kQueue{3}, kOther{4};
constexpr NameIx kBilling{0}, kTech{1}, kEnglish{2}, kFrench{3}, kVip{4}, kNight{5};
constexpr NameIx kRefunds{6}, kTrainee{7}, kSite{8}, kSiteNorth{9}, kSiteSouth{10}, kGrade{11};

// One of everything an inquiry can ask.
Requirement Asks() {
  return {.channel = {0},
          .units = 1,
          .skills = {{kBilling, 5}, {kTech, 2}},
          .languages = {{kEnglish, 6}, {kFrench, 3}},
          .labels = {kVip},
          .more = MoreAsked{.any_skills = {{{kTech, 2}, {kRefunds, 4}}},
                            .excluded_skills = {kTrainee},
                            .label_terms = {{.key = kGrade,
                                             .comparison = Comparison::kGreaterOrEqual,
                                             .bound = 3}}}};
}
LabelTerm Sites(Comparison comparison, std::vector<NameIx> labels) {
  return {.key = kSite, .comparison = comparison, .labels = std::move(labels)};
}
// An agent who just meets all of it.
Profile Suits() {
  return {.skills = {{kBilling, 5}, {kTech, 2}},
          .languages = {{kEnglish, 6}},
          .labels = {kVip, kNight},
          .numbers = {{kGrade, 3}},
          .memberships = {{.queue = kQueue, .tier = 1}}};
}

struct Case {
  std::string name;
  Mismatch expected;
  Audience audience{.queue = kQueue};
  Requirement requirement = Asks();
  Profile profile = Suits();
};

// `change` breaks or relaxes one thing of a fitting pair.
template <class Change>
Case Make(const std::string& name, Mismatch expected, const Change& change) {
  Case made{.name = name, .expected = expected};
  change(made);
  return made;
}

std::vector<Case> Cases() {
  using M = Mismatch;
  return {
      Make("fits", M::kNone, [](Case&) {}),
      Make("no_memberships_means_every_queue", M::kNone,
           [](Case& c) { c.profile.memberships.clear(); }),
      Make("suspended", M::kSuspended, [](Case& c) { c.audience.suspended = true; }),
      Make("member_of_another_queue_only", M::kNotMember,
           [](Case& c) { c.profile.memberships = {{.queue = kOther}}; }),
      Make("member_of_both", M::kNone,
           [](Case& c) { c.profile.memberships.push_back({.queue = kOther}); }),
      Make("paused_here", M::kPaused, [](Case& c) { c.profile.memberships[0].paused = true; }),
      Make("paused_elsewhere", M::kNone,
           [](Case& c) { c.profile.memberships.push_back({.queue = kOther, .paused = true}); }),
      Make("tier_within", M::kNone,
           [](Case& c) {
             c.audience.tier_max = 2;
             c.profile.memberships[0].tier = 2;
           }),
      Make("tier_beyond", M::kTier,
           [](Case& c) {
             c.audience.tier_max = 2;
             c.profile.memberships[0].tier = 3;
           }),
      Make("tier_0_admits_all", M::kNone, [](Case& c) { c.profile.memberships[0].tier = 100; }),
      Make("tier_needs_no_membership", M::kNone,
           [](Case& c) {
             c.audience.tier_max = 1;
             c.profile.memberships.clear();
           }),
      Make("skill_missing", M::kSkillMissing,
           [](Case& c) {
             c.profile.skills = {{kBilling, 10}};
           }),
      Make("skill_level_below", M::kSkillLevel, [](Case& c) { c.profile.skills[0].level = 4; }),
      Make("skill_level_above", M::kNone, [](Case& c) { c.profile.skills[0].level = 10; }),
      Make("skill_dropped", M::kNone,
           [](Case& c) {
             c.profile.skills = {{kBilling, 5}};
             c.audience.dropped_skills = {kTech};
           }),
      Make("other_skill_dropped", M::kSkillMissing,
           [](Case& c) {
             c.profile.skills = {{kBilling, 5}};
             c.audience.dropped_skills = {kBilling};
           }),
      Make("lowered_enough", M::kNone,
           [](Case& c) {
             c.profile.skills[0].level = 3;
             c.audience.lowered = 2;
           }),
      Make("lowered_too_little", M::kSkillLevel,
           [](Case& c) {
             c.profile.skills[0].level = 2;
             c.audience.lowered = 2;
           }),
      Make("lowered_never_below_1", M::kSkillMissing,
           [](Case& c) {
             c.profile.skills = {{kBilling, 5}};
             c.audience.lowered = 10;
           }),
      Make("lowered_far_below_needs_level_1", M::kNone,
           [](Case& c) {
             c.profile.skills = {{kBilling, 1}, {kTech, 1}};
             c.profile.languages = {{kEnglish, 1}};
             c.audience.lowered = 10;
           }),
      Make("second_language_suffices", M::kNone,
           [](Case& c) {
             c.profile.languages = {{kFrench, 3}};
           }),
      Make("language_level_below", M::kLanguage,
           [](Case& c) {
             c.profile.languages = {{kEnglish, 5}, {kFrench, 2}};
           }),
      Make("language_missing", M::kLanguage, [](Case& c) { c.profile.languages.clear(); }),
      Make("language_lowered", M::kNone,
           [](Case& c) {
             c.profile.languages = {{kFrench, 2}};
             c.audience.lowered = 1;
           }),
      Make("any_language", M::kNone,
           [](Case& c) {
             c.profile.languages.clear();
             c.audience.any_language = true;
           }),
      Make("no_language_asked", M::kNone,
           [](Case& c) {
             c.requirement.languages.clear();
             c.profile.languages.clear();
           }),
      Make("label_missing", M::kLabel, [](Case& c) { c.profile.labels = {kNight}; }),
      Make("skill_level_at_the_maximum", M::kNone,
           [](Case& c) { c.requirement.skills[0].max = 5; }),
      Make("skill_level_above_the_maximum", M::kSkillLevel,
           [](Case& c) {
             c.requirement.skills[0].max = 7;
             c.profile.skills[0].level = 8;
           }),
      Make("maximum_is_not_lowered", M::kNone,
           [](Case& c) {
             c.requirement.skills[0].max = 5;
             c.audience.lowered = 3;
           }),
      Make("group_met_by_its_other_skill", M::kNone,
           [](Case& c) {
             c.requirement.skills = {{kBilling, 5}};
             c.profile.skills = {{kBilling, 5}, {kRefunds, 4}};
           }),
      Make("group_below_its_levels", M::kSkillGroup,
           [](Case& c) {
             c.requirement.skills = {{kBilling, 5}};
             c.profile.skills = {{kBilling, 5}, {kTech, 1}, {kRefunds, 3}};
           }),
      Make("group_above_its_maximum", M::kSkillGroup,
           [](Case& c) { c.requirement.more.Set().any_skills = {{{kBilling, 1, 4}}}; }),
      Make("group_lowered", M::kNone,
           [](Case& c) {
             c.requirement.skills = {{kBilling, 5}};
             c.profile.skills = {{kBilling, 5}, {kRefunds, 3}};
             c.audience.lowered = 1;
           }),
      Make("group_with_a_dropped_skill", M::kNone,
           [](Case& c) {
             c.requirement.skills = {{kBilling, 5}};
             c.profile.skills = {{kBilling, 5}};
             c.audience.dropped_skills = {kRefunds};
           }),
      Make("every_group_counts", M::kSkillGroup,
           [](Case& c) { c.requirement.more.Set().any_skills.push_back({{kRefunds, 1}}); }),
      Make("excluded_skill_held", M::kSkillExcluded,
           [](Case& c) { c.profile.skills.push_back({kTrainee, 1}); }),
      Make("excluded_skill_stays_when_dropped", M::kSkillExcluded,
           [](Case& c) {
             c.profile.skills.push_back({kTrainee, 1});
             c.audience.dropped_skills = {kTrainee};
           }),
      Make("label_dropped", M::kNone,
           [](Case& c) {
             c.profile.labels = {kNight};
             c.audience.dropped_labels = {kVip};
           }),
      Make("number_below", M::kLabelCondition, [](Case& c) { c.profile.numbers[0].second = 2; }),
      Make("number_missing", M::kLabelCondition, [](Case& c) { c.profile.numbers.clear(); }),
      Make("one_number_of_several", M::kNone,
           [](Case& c) {
             c.profile.numbers = {{kGrade, 1}, {kGrade, 9}};
           }),
      Make("condition_dropped_by_key", M::kNone,
           [](Case& c) {
             c.profile.numbers.clear();
             c.audience.dropped_labels = {kGrade};
           }),
      Make("label_in", M::kNone,
           [](Case& c) {
             c.requirement.more.Set().label_terms = {
                 Sites(Comparison::kIn, {kSiteNorth, kSiteSouth})};
             c.profile.labels.push_back(kSiteSouth);
           }),
      Make("label_in_missing", M::kLabelCondition,
           [](Case& c) {
             c.requirement.more.Set().label_terms = {
                 Sites(Comparison::kIn, {kSiteNorth, kSiteSouth})};
           }),
      Make("label_equal", M::kLabelCondition,
           [](Case& c) {
             c.requirement.more.Set().label_terms = {Sites(Comparison::kEqual, {kSiteNorth})};
             c.profile.labels.push_back(kSiteSouth);
           }),
      Make("label_not_equal_missing", M::kNone,
           [](Case& c) {
             c.requirement.more.Set().label_terms = {Sites(Comparison::kNotEqual, {kSiteNorth})};
           }),
      Make("label_not_equal", M::kLabelCondition,
           [](Case& c) {
             c.requirement.more.Set().label_terms = {Sites(Comparison::kNotEqual, {kSiteNorth})};
             c.profile.labels.push_back(kSiteNorth);
             c.profile.labels.push_back(kSiteSouth);
           }),
      Make("nothing_asked", M::kNone,
           [](Case& c) {
             c.requirement = {};
             c.profile = {};
           }),
  };
}

TEST(QualifiesTest, Table) {
  for (const Case& c : Cases()) {
    const Mismatch actual = Qualifies(c.audience, c.requirement, c.profile);
    EXPECT_STREQ(proof::Text(actual), proof::Text(c.expected)) << c.name;
  }
}

// Everything is wrong at first; each repair uncovers the next reason.
TEST(QualifiesTest, ReasonsComeInTheOrderOfTheEnumeration) {
  Audience audience{.queue = kQueue, .tier_max = 1, .suspended = true};
  Profile profile{.memberships = {{.queue = kOther}}};
  Requirement asks = Asks();
  asks.more.Set().any_skills = {{{kRefunds, 4}}};
  std::vector<Mismatch> reasons;
  const auto look = [&] { reasons.push_back(Qualifies(audience, asks, profile)); };
  look();
  audience.suspended = false;
  look();
  profile.memberships = {{.queue = kQueue, .tier = 2, .paused = true}};
  look();
  profile.memberships[0].paused = false;
  look();
  profile.memberships[0].tier = 1;
  look();
  profile.skills = {{kBilling, 1}, {kTech, 2}};
  look();
  profile.skills[0].level = 5;
  look();
  profile.skills.push_back({kRefunds, 4});
  profile.skills.push_back({kTrainee, 1});
  look();
  profile.skills.pop_back();
  look();
  profile.languages = {{kFrench, 3}};
  look();
  profile.labels = {kVip};
  look();
  profile.numbers = {{kGrade, 3}};
  look();
  std::vector<Mismatch> all;
  for (int m = static_cast<int>(Mismatch::kSuspended);
       m <= static_cast<int>(Mismatch::kLabelCondition); ++m) {
    all.push_back(static_cast<Mismatch>(m));
  }
  all.push_back(Mismatch::kNone);
  EXPECT_EQ(reasons, all);
}

TEST(QualifiesTest, NumbersAreWholeAndShort) {
  EXPECT_EQ(ParseNumber("0"), 0);
  EXPECT_EQ(ParseNumber("-12"), -12);
  EXPECT_EQ(ParseNumber("999999999999999999"), 999'999'999'999'999'999);
  for (const char* text : {"", "-", "+1", " 1", "1 ", "1.5", "1e3", "x", "1000000000000000000"}) {
    EXPECT_EQ(ParseNumber(text), std::nullopt) << text;
  }
}

TEST(QualifiesTest, LevelOfAndFindMembership) {
  const Profile profile = Suits();
  EXPECT_EQ(LevelOf(profile.skills, kBilling), 5);
  EXPECT_EQ(LevelOf(profile.skills, kVip), 0);
  EXPECT_EQ(LevelOf({}, kBilling), 0);
  ASSERT_NE(FindMembership(profile, kQueue), nullptr);
  EXPECT_EQ(FindMembership(profile, kQueue)->tier, 1);
  EXPECT_EQ(FindMembership(profile, kOther), nullptr);
}

}  // namespace
}  // namespace firstline::engine
