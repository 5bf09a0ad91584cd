#include "services/cli/settings.h"

#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "common/config/spelling.h"
#include "services/cli/failure.h"

namespace firstline::cli {
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

[[noreturn]] void ThrowAt(const std::string& path, const YAML::Mark& mark,
                          const std::string& what) {
  throw Failure(ExitCode::kInvalid,
                absl::StrCat(path, ":", mark.line + 1, ":", mark.column + 1, ": ", what),
                "`firstline context set` writes this file");
}

// The keys are among `known`, and none comes twice.
void CheckKeys(const std::string& path, const YAML::Node& map,
               const std::vector<std::string>& known) {
  if (!map.IsMap()) ThrowAt(path, map.Mark(), "a mapping is expected");
  for (const auto& entry : map) {
    const std::string key = entry.first.as<std::string>("");
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::string nearest = config::NearestWord(key, known);
    ThrowAt(path, entry.first.Mark(),
            absl::StrCat("unknown key '", key, "'",
                         nearest.empty() ? absl::StrCat(", one of ", absl::StrJoin(known, ", "))
                                         : absl::StrCat("; did you mean '", nearest, "'?")));
  }
}

std::string TextOf(const std::string& path, const YAML::Node& map, const char* key) {
  const YAML::Node value = map[key];
  if (!value || value.IsNull()) return "";
  if (!value.IsScalar()) ThrowAt(path, value.Mark(), absl::StrCat(key, " is not a text"));
  return value.Scalar();
}

Settings Parse(const std::string& path, const YAML::Node& root) {
  Settings settings;
  if (!root || root.IsNull()) return settings;
  CheckKeys(path, root, {"current", "contexts"});
  settings.current = TextOf(path, root, "current");
  const YAML::Node contexts = root["contexts"];
  if (!contexts || contexts.IsNull()) return settings;
  if (!contexts.IsMap()) ThrowAt(path, contexts.Mark(), "contexts: a mapping is expected");
  for (const auto& entry : contexts) {
    std::vector<std::string> known = {"server", "workspace", "output"};
    for (const SecurityWord& word : kSecurityWords) known.push_back(word.word);
    CheckKeys(path, entry.second, known);
    NamedContext& context = settings.contexts[entry.first.as<std::string>("")];
    context = {.server = TextOf(path, entry.second, "server"),
               .workspace = TextOf(path, entry.second, "workspace"),
               .output = TextOf(path, entry.second, "output")};
    for (const SecurityWord& word : kSecurityWords) {
      context.security.*word.field = TextOf(path, entry.second, word.word);
    }
  }
  return settings;
}

void Write(YAML::Emitter& out, const NamedContext& context) {
  out << YAML::BeginMap;
  const auto add = [&out](const char* key, const std::string& value) {
    if (!value.empty()) out << YAML::Key << key << YAML::Value << YAML::DoubleQuoted << value;
  };
  add("server", context.server);
  add("workspace", context.workspace);
  add("output", context.output);
  for (const SecurityWord& word : kSecurityWords) add(word.word, context.security.*word.field);
  out << YAML::EndMap;
}

}  // namespace

std::string EnvironmentOf(const std::string& word) {
  return absl::StrCat("FIRSTLINE_",
                      absl::AsciiStrToUpper(absl::StrReplaceAll(word, {{"-", "_"}})));
}

const NamedContext& Settings::Find(const std::string& name) const {
  const auto found = contexts.find(name);
  if (found != contexts.end()) return found->second;
  const std::string nearest = config::NearestWord(name, Names());
  throw Failure(ExitCode::kNotFound, absl::StrCat("there is no context '", name, "'"),
                nearest.empty() ? "`firstline context list` shows what there is"
                                : absl::StrCat("did you mean '", nearest, "'?"));
}

std::vector<std::string> Settings::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, context] : contexts) names.push_back(name);
  return names;
}

std::string SettingsPath() {
  if (const std::string path = Environment("FIRSTLINE_CONFIG"); !path.empty()) return path;
  if (const std::string base = Environment("XDG_CONFIG_HOME"); !base.empty()) {
    return base + "/firstline/config.yaml";
  }
  const std::string home = Environment("HOME");
  return home.empty() ? "" : home + "/.config/firstline/config.yaml";
}

Settings ReadSettings(const std::string& path) {
  std::error_code ignored;
  if (path.empty() || !std::filesystem::exists(path, ignored)) return {};
  try {
    return Parse(path, YAML::LoadFile(path));
  } catch (const YAML::BadFile&) {
    throw Failure(ExitCode::kInvalid, absl::StrCat("cannot read ", path));
  } catch (const YAML::Exception& error) {
    ThrowAt(path, error.mark, error.msg);
  }
}

void WriteSettings(const std::string& path, const Settings& settings) {
  if (path.empty()) {
    throw Failure(ExitCode::kRefused,
                  "nowhere to keep contexts: neither FIRSTLINE_CONFIG,"
                  " XDG_CONFIG_HOME nor HOME is set");
  }
  YAML::Emitter out;
  out << YAML::BeginMap << YAML::Key << "current" << YAML::Value << YAML::DoubleQuoted
      << settings.current << YAML::Key << "contexts" << YAML::Value << YAML::BeginMap;
  for (const auto& [name, context] : settings.contexts) {
    out << YAML::Key << YAML::DoubleQuoted << name << YAML::Value;
    Write(out, context);
  }
  out << YAML::EndMap << YAML::EndMap;

  std::error_code error;
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  // Written beside and renamed: a reader finds the old file or the new one.
  const std::string fresh = absl::StrCat(path, ".", getpid());
  std::ofstream file(fresh, std::ios::binary);
  file << "# Written by `firstline context`.\n" << out.c_str() << "\n";
  file.close();
  if (file) std::filesystem::rename(fresh, path, error);
  if (!file || error) {
    std::filesystem::remove(fresh, error);
    throw Failure(ExitCode::kRefused, absl::StrCat("cannot write ", path));
  }
}

}  // namespace firstline::cli
