#include "services/router/api/convert_common.h"

#include <set>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/router/api/limits.h"
#include "services/router/engine/config_check.h"
#include "services/router/store/public_messages.h"

namespace firstline::api {
namespace {

constexpr int64_t kSecondsMax = 253'402'300'799;  // the end of the year 9999
constexpr int64_t kUsPerSecond = 1'000'000;

int ReadLevel(int32_t level, const Path& path, Fields& fields) {
  if (level == 0) return engine::limits::kLevelMin;
  fields.Range(path, level, engine::limits::kLevelMin, engine::limits::kLevelMax);
  return level;
}

std::vector<engine::SkillLevel> ReadSkills(
    const google::protobuf::RepeatedPtrField<v1::SkillRequirement>& skills, size_t max,
    const Path& path, Fields& fields) {
  std::vector<engine::SkillLevel> levels;
  if (!fields.AtMost(path, static_cast<size_t>(skills.size()), max)) return levels;
  std::set<std::string_view> seen;
  for (int i = 0; i < skills.size(); ++i) {
    const v1::SkillRequirement& skill = skills[i];
    const Path at(path, i);
    fields.Name(at / "skill", skill.skill());
    if (!seen.insert(skill.skill()).second) fields.Fail(at / "skill", "is named twice");
    const int level = ReadLevel(skill.min_level(), at / "min_level", fields);
    if (skill.max_level() != 0) {
      fields.Range(at / "max_level", skill.max_level(), level, engine::limits::kLevelMax);
    }
    levels.push_back({skill.skill(), level, skill.max_level()});
  }
  return levels;
}

std::vector<engine::SkillLevel> ReadLanguages(const v1::Requirement& proto, const Path& path,
                                              Fields& fields) {
  std::vector<engine::SkillLevel> levels;
  if (!fields.AtMost(path, static_cast<size_t>(proto.languages_size()),
                     engine::limits::kRequiredLanguagesMax)) {
    return levels;
  }
  std::set<std::string_view> seen;
  for (int i = 0; i < proto.languages_size(); ++i) {
    const v1::LanguageRequirement& language = proto.languages(i);
    const Path at(path, i);
    fields.Name(at / "language", language.language());
    if (!seen.insert(language.language()).second) fields.Fail(at / "language", "is named twice");
    levels.push_back(
        {language.language(), ReadLevel(language.min_level(), at / "min_level", fields)});
  }
  return levels;
}

std::vector<std::string> ReadDistinctNames(
    const google::protobuf::RepeatedPtrField<std::string>& names, size_t max, const Path& path,
    Fields& fields) {
  if (!fields.AtMost(path, static_cast<size_t>(names.size()), max)) return {};
  std::set<std::string_view> seen;
  for (int i = 0; i < names.size(); ++i) {
    fields.Name(Path(path, i), names[i]);
    if (!seen.insert(names[i]).second) fields.Fail(Path(path, i), "is named twice");
  }
  return {names.begin(), names.end()};
}

}  // namespace

engine::Time ReadTime(const google::protobuf::Timestamp& time, const Path& path, Fields& fields) {
  if (!fields.Range(path / "seconds", time.seconds(), 0, kSecondsMax) ||
      !fields.Range(path / "nanos", time.nanos(), 0, 999'999'999)) {
    return {};
  }
  return {time.seconds() * kUsPerSecond + time.nanos() / 1000};
}

engine::Span ReadSpan(const google::protobuf::Duration& span, const Path& path, Fields& fields) {
  const int64_t seconds_max = engine::limits::kSpanMaxUs / kUsPerSecond;
  if (span.seconds() < 0 || span.seconds() > seconds_max || span.nanos() < 0 ||
      span.nanos() > 999'999'999 || (span.seconds() == seconds_max && span.nanos() > 0)) {
    fields.Fail(path, "must be between 0 and 30 days");
    return {};
  }
  return {span.seconds() * kUsPerSecond + span.nanos() / 1000};
}

engine::Condition ReadCondition(const v1::Condition& proto, const Path& path, Fields& fields) {
  engine::Condition condition{
      .key = proto.key(),
      .comparison = ReadEnum(proto.comparison(), path / "comparison", fields),
      .values = {proto.values().begin(), proto.values().end()}};
  if (proto.comparison() == v1::COMPARISON_UNSPECIFIED) return condition;
  if (const std::string problem = engine::ProblemOf(condition); !problem.empty()) {
    fields.Fail(path, problem);
    return condition;
  }
  fields.Name(path / "key", condition.key);
  const Path values(path, "values");
  for (int i = 0; i < proto.values_size(); ++i) {
    fields.OptionalName(Path(values, i), proto.values(i));
  }
  return condition;
}

engine::RequirementSpec ReadRequirement(const v1::Requirement& proto, const Path& path,
                                        Fields& fields) {
  namespace limits = engine::limits;
  engine::RequirementSpec spec;
  const Path groups(path, "any_skills"), conditions(path, "label_conditions");
  spec.skills = ReadSkills(proto.skills(), limits::kRequiredSkillsMax, path / "skills", fields);
  spec.languages = ReadLanguages(proto, path / "languages", fields);
  spec.labels =
      ReadDistinctNames(proto.labels(), limits::kRequiredLabelsMax, path / "labels", fields);
  if (fields.AtMost(groups, static_cast<size_t>(proto.any_skills_size()), limits::kSkillGroupsMax)) {
    for (int i = 0; i < proto.any_skills_size(); ++i) {
      const Path group(groups, i);
      const Path skills(group, "skills");
      if (proto.any_skills(i).skills().empty()) fields.Fail(skills, "is required");
      spec.any_skills.push_back(
          ReadSkills(proto.any_skills(i).skills(), limits::kSkillGroupMax, skills, fields));
    }
  }
  spec.excluded_skills = ReadDistinctNames(proto.excluded_skills(), limits::kExcludedSkillsMax,
                                           path / "excluded_skills", fields);
  if (fields.AtMost(conditions, static_cast<size_t>(proto.label_conditions_size()),
                    limits::kConditionsMax)) {
    for (int i = 0; i < proto.label_conditions_size(); ++i) {
      spec.label_conditions.push_back(
          ReadCondition(proto.label_conditions(i), Path(conditions, i), fields));
    }
  }
  return spec;
}

OfferId ReadOfferId(std::string_view text, const Path& path, Fields& fields) {
  OfferId id;
  const size_t slash = text.rfind('/');
  if (text.empty()) {
    fields.Fail(path, "is required");
  } else if (slash == std::string_view::npos || slash == 0 ||
             !absl::SimpleAtoi(absl::string_view(text.data() + slash + 1, text.size() - slash - 1),
                               &id.number) ||
             id.number == 0 || store::OfferId(text.substr(0, slash), id.number) != text) {
    fields.Fail(path, "must be of the form <inquiry id>/<n>");
  } else if (fields.Id(path, text.substr(0, slash))) {
    id.inquiry_id = std::string(text.substr(0, slash));
  }
  return id;
}

}  // namespace firstline::api
