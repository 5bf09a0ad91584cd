#include "common/sync/owned_thread.h"

#include <pthread.h>

#include <cstddef>
#include <utility>

namespace firstline::sync {
namespace {

constexpr std::size_t kThreadNameBytesMax = 15;

}  // namespace

OwnedThread::OwnedThread(const std::string& name, std::function<void()> body)
    : thread_([name = name.substr(0, kThreadNameBytesMax), body = std::move(body)] {
        pthread_setname_np(pthread_self(), name.c_str());
        body();
      }) {}

OwnedThread& OwnedThread::operator=(OwnedThread&& other) noexcept {
  if (this == &other) return *this;
  Join();
  thread_ = std::move(other.thread_);
  return *this;
}

void OwnedThread::Join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace firstline::sync
