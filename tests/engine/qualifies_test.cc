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

// One of everything an inquiry can ask.
Requirement Asks() {
  return {.channel = {0},
          .units = 1,
          .skills = {{kBilling, 5}, {kTech, 2}},
          .languages = {{kEnglish, 6}, {kFrench, 3}},
          .labels = {kVip}};
}
// An agent who just meets all of it.
Profile Suits() {
  return {.skills = {{kBilling, 5}, {kTech, 2}},
          .languages = {{kEnglish, 6}},
          .labels = {kVip, kNight},
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
  Audience audience{.queue = kQueue, .tier_max = 1};
  Profile profile{.memberships = {{.queue = kOther}}};
  std::vector<Mismatch> reasons;
  const auto look = [&] { reasons.push_back(Qualifies(audience, Asks(), profile)); };
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
  profile.languages = {{kFrench, 3}};
  look();
  profile.labels = {kVip};
  look();
  std::vector<Mismatch> all;
  for (int m = static_cast<int>(Mismatch::kNotMember); m <= static_cast<int>(Mismatch::kLabel);
       ++m) {
    all.push_back(static_cast<Mismatch>(m));
  }
  all.push_back(Mismatch::kNone);
  EXPECT_EQ(reasons, all);
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
