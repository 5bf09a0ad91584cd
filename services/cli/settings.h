// Contexts: names for the routers and workspaces a person works with, kept in a file of theirs.
//
//   current: prod
//   contexts:
//     prod: {server: "router-0:7600,router-1:7600", workspace: shop, output: table}
//
// What a context leaves out is looked for further down: flag, environment, context, default.
//
// Thread rule: values.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace firstline::cli {

// Empty: not said.
struct NamedContext {
  std::string server, workspace, output;
};

struct Settings {
  std::string current;
  std::map<std::string, NamedContext> contexts;

  // The context of that name; throws Failure (kNotFound) with the nearest name.
  const NamedContext& Find(const std::string& name) const;
  std::vector<std::string> Names() const;
};

// $FIRSTLINE_CONFIG, else $XDG_CONFIG_HOME/firstline/config.yaml, else ~/.config/firstline/...;
// empty when not even HOME is set.
std::string SettingsPath();

// No file: no contexts. Throws Failure (kInvalid) with the line of what cannot be meant.
Settings ReadSettings(const std::string& path);

// Replaces the file as a whole, making its folder; comments in it are lost. Throws Failure.
void WriteSettings(const std::string& path, const Settings& settings);

}  // namespace firstline::cli
