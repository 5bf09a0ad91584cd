#include "services/router/api/convert_common.h"

#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/router/api/limits.h"
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

engine::RequirementSpec ReadRequirement(const v1::Requirement& proto, const Path& path,
                                        Fields& fields) {
  engine::RequirementSpec spec;
  const Path skills(path, "skills"), languages(path, "languages"), labels(path, "labels");
  if (!fields.AtMost(skills, static_cast<size_t>(proto.skills_size()),
                     engine::limits::kRequiredSkillsMax) ||
      !fields.AtMost(languages, static_cast<size_t>(proto.languages_size()),
                     engine::limits::kRequiredLanguagesMax) ||
      !fields.AtMost(labels, static_cast<size_t>(proto.labels_size()),
                     engine::limits::kRequiredLabelsMax)) {
    return spec;
  }
  std::set<std::string_view> seen;
  for (int i = 0; i < proto.skills_size(); ++i) {
    const v1::SkillRequirement& skill = proto.skills(i);
    const Path at(skills, i);
    fields.Name(at / "skill", skill.skill());
    if (!seen.insert(skill.skill()).second) fields.Fail(at / "skill", "is named twice");
    spec.skills.push_back({skill.skill(), ReadLevel(skill.min_level(), at / "min_level", fields)});
  }
  seen.clear();
  for (int i = 0; i < proto.languages_size(); ++i) {
    const v1::LanguageRequirement& language = proto.languages(i);
    const Path at(languages, i);
    fields.Name(at / "language", language.language());
    if (!seen.insert(language.language()).second) fields.Fail(at / "language", "is named twice");
    spec.languages.push_back(
        {language.language(), ReadLevel(language.min_level(), at / "min_level", fields)});
  }
  seen.clear();
  for (int i = 0; i < proto.labels_size(); ++i) {
    fields.Name(Path(labels, i), proto.labels(i));
    if (!seen.insert(proto.labels(i)).second) fields.Fail(Path(labels, i), "is named twice");
    spec.labels.push_back(proto.labels(i));
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
