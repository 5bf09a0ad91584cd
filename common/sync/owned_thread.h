// A named thread that is joined by whoever owns it.
//
//   OwnedThread writer("fl-writer", [this] { Run(); });
//   ...
//   inbox_.Close();  // makes Run() return; the destructor joins
//
// Joining does not ask the body to stop: the owner must have arranged for that first, or the
// destructor waits for ever. Declare the thread after everything its body uses.
// Thread rule: one thread at a time; not from the body itself.
#pragma once

#include <functional>
#include <string>
#include <thread>

namespace firstline::sync {

class OwnedThread {
 public:
  // No thread; Join() returns at once.
  OwnedThread() = default;

  // Starts `body`. `name` is what top and gdb show; the kernel keeps its first 15 bytes.
  OwnedThread(const std::string& name, std::function<void()> body);

  ~OwnedThread() { Join(); }
  OwnedThread(OwnedThread&& other) noexcept = default;
  // Joins the thread that is replaced.
  OwnedThread& operator=(OwnedThread&& other) noexcept;

  // Waits for the body to return. Idempotent.
  void Join();

  bool joinable() const { return thread_.joinable(); }

 private:
  std::thread thread_;
};

}  // namespace firstline::sync
