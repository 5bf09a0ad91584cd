// Contexts: names for the routers and workspaces a person works with, kept in a file of theirs.
//
//   current: prod
//   contexts:
//     prod: {server: "router-0:7600,router-1:7600", workspace: shop, output: table,
//            tls-ca: /etc/firstline/ca.pem, token-file: /run/firstline/token}
//
// What a context leaves out is looked for further down: flag, environment, context, default.
//
// Thread rule: values.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace firstline::cli {

// How a router is spoken to; empty: not said. Without a CA in plaintext.
struct Security {
  std::string tls_ca, tls_cert, tls_key;  // files in PEM
  std::string tls_server_name;            // in the certificate of every router
  std::string token_file;                 // its bearer token goes with every call

  bool empty() const { return *this == Security(); }
  friend bool operator==(const Security&, const Security&) = default;
};

// The words of flags and of the contexts' file, with what they set.
struct SecurityWord {
  const char* word;
  std::string Security::*field;
  const char* help;
};
inline constexpr SecurityWord kSecurityWords[] = {
    {"tls-ca", &Security::tls_ca, "CA of the routers, PEM: speak TLS"},
    {"tls-cert", &Security::tls_cert, "certificate to show to routers, PEM"},
    {"tls-key", &Security::tls_key, "its key, PEM"},
    {"tls-server-name", &Security::tls_server_name,
     "name in the routers' certificates (default: the host of the address)"},
    {"token-file", &Security::token_file, "file with the bearer token for every call"},
};

// "tls-ca" -> "FIRSTLINE_TLS_CA", which says the same.
std::string EnvironmentOf(const std::string& word);

// Empty: not said.
struct NamedContext {
  std::string server, workspace, output;
  Security security;
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
