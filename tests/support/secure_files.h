// A certificate authority and what it issued, in a folder, for tests that speak TLS with routers.
//
// Threads: one at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "common/tls/credentials.h"
#include "tests/support/certificates.h"
#include "tests/support/temp_folder.h"

namespace firstline::test {

inline constexpr char kPodName[] = "firstline-router";

class SecureFiles {
 public:
  // Believed by all; "pod" and "client" are issued.
  SecureFiles() {
    WriteFile(Path("ca.pem"), ca_.pem());
    Issue("pod", {.common_name = "pod", .dns_names = {kPodName}});
    Issue("client", {.common_name = "platform"});
  }

  std::string Path(const std::string& name) const { return folder_.File(name); }
  void Issue(const std::string& name, const Subject& subject) { Write(name, ca_.Issue(subject)); }
  void Write(const std::string& name, const KeyAndCertificate& issued) {
    WriteFile(Path(name + ".key"), issued.key);
    WriteFile(Path(name + ".pem"), issued.certificate);
  }

  // Options that make a router serve TLS as "pod".
  std::vector<std::string> RouterArguments() const {
    return {"--tls-cert=" + Path("pod.pem"), "--tls-key=" + Path("pod.key"),
            "--tls-ca=" + Path("ca.pem")};
  }
  // A connection that shows the certificate `name`; none if that is empty.
  std::shared_ptr<grpc::Channel> Connect(const std::string& address, const std::string& name,
                                         const std::string& server_name = kPodName) const {
    tls::Files files{.ca = Path("ca.pem")};
    if (!name.empty()) {
      files.certificate = Path(name + ".pem");
      files.key = Path(name + ".key");
    }
    grpc::ChannelArguments arguments;
    arguments.SetSslTargetNameOverride(server_name);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
    return grpc::CreateCustomChannel(address, *tls::ChannelCredentials(files), arguments);
  }

 private:
  const TempFolder folder_;
  CertificateAuthority ca_{"tests"};
};

}  // namespace firstline::test
