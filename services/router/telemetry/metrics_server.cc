#include "services/router/telemetry/metrics_server.h"

#include <CivetServer.h>
#include <civetweb.h>
#include <prometheus/exposer.h>

#include <exception>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/sync/mutex.h"

namespace firstline::telemetry {

// The library's server is hidden by the exposer and hands its callbacks nothing of ours; but each has
// a context of its own, made on the thread that starts it.
class MetricsServer::Pages {
 public:
  // Of the server that this thread starts next.
  explicit Pages(MetricsServer& server) : server_(server) { starting_ = this; }
  ~Pages() {
    sync::MutexLock lock(mutex_);
    running_.erase(context_);
  }

  static CivetCallbacks Callbacks() {
    CivetCallbacks callbacks;
    callbacks.init_context = OnContext;
    callbacks.begin_request = OnRequest;
    return callbacks;
  }

 private:
  static void OnContext(const mg_context* context) {
    Pages* pages = std::exchange(starting_, nullptr);
    if (pages == nullptr) return;
    sync::MutexLock lock(mutex_);
    pages->context_ = context;
    running_[context] = pages;
  }

  // 0: the library goes on with it. Exceptions must not reach it.
  static int OnRequest(mg_connection* connection) {
    const mg_request_info& request = *mg_get_request_info(connection);
    if (request.local_uri == nullptr || std::string_view(request.request_method) != "GET") return 0;
    Handler handler;
    {
      sync::MutexLock lock(mutex_);
      const auto found = running_.find(mg_get_context(connection));
      if (found == running_.end()) return 0;
      const auto page = found->second->server_.pages_.find(request.local_uri);
      if (page == found->second->server_.pages_.end()) return 0;
      handler = page->second;
    }
    const Page page = handler(WantsHtml(connection, request));
    mg_send_http_ok(connection, page.content_type.c_str(),
                    static_cast<long long>(page.body.size()));
    mg_write(connection, page.body.data(), page.body.size());
    return 200;
  }

  // Browsers name it; what is said in the address counts more.
  static bool WantsHtml(const mg_connection* connection, const mg_request_info& request) {
    const std::string_view query = request.query_string == nullptr ? "" : request.query_string;
    if (query == "format=json") return false;
    if (query == "format=html") return true;
    const char* accept = mg_get_header(connection, "Accept");
    return accept != nullptr && std::string_view(accept).find("text/html") != std::string_view::npos;
  }

  static inline thread_local Pages* starting_ = nullptr;
  static inline sync::Mutex mutex_;
  static inline std::map<const mg_context*, Pages*> running_ FIRSTLINE_GUARDED_BY(mutex_);

  MetricsServer& server_;
  const mg_context* context_ = nullptr;
};

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Start(
    const std::string& address, std::map<std::string, Handler> pages) {
  try {
    return std::unique_ptr<MetricsServer>(new MetricsServer(address, std::move(pages)));
  } catch (const std::exception& error) {  // the only way the library says that it cannot bind
    return absl::UnavailableError(
        absl::StrCat("cannot serve metrics on ", address, ": ", error.what()));
  }
}

MetricsServer::MetricsServer(const std::string& address, std::map<std::string, Handler> pages)
    : pages_(std::move(pages)), routes_(std::make_unique<Pages>(*this)) {
  const CivetCallbacks callbacks = Pages::Callbacks();
  constexpr size_t kThreads = 2;
  exposer_ = std::make_unique<prometheus::Exposer>(address, kThreads, &callbacks);
}

// The exposer joins its threads before what they use goes.
MetricsServer::~MetricsServer() { exposer_.reset(); }

void MetricsServer::Add(const std::weak_ptr<prometheus::Collectable>& collectable) {
  exposer_->RegisterCollectable(collectable);
}

int MetricsServer::port() const { return exposer_->GetListeningPorts().front(); }

}  // namespace firstline::telemetry
