// A pool of worker threads for work of tens of microseconds and more. The caller takes part as a worker.
// The others spin for a moment between two calls of one forward, and sleep when no call follows.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace seed {

inline void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

class Pool {
  public:
    explicit Pool(int threads) {
        for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
    }

    ~Pool() {
        closing_.store(true);
        wake();
        for (auto& worker : workers_) worker.join();
    }

    int threads() const { return static_cast<int>(workers_.size()) + 1; }

    // Calls task(i) for each i in [0, count), in any order, on all threads; returns when all are done.
    template <class Task> void run(int64_t count, const Task& task) {
        if (workers_.empty() || count < 2) {
            for (int64_t i = 0; i < count; ++i) task(i);
            return;
        }
        call_ = [](const void* context, int64_t i) { (*static_cast<const Task*>(context))(i); };
        context_ = &task;
        count_ = count;
        next_.store(0, std::memory_order_relaxed);
        busy_.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
        wake();
        drain();
        for (int spins = 0; busy_.load(std::memory_order_acquire) != 0; ++spins) {
            if (spins < kSpins) pause();
            else std::this_thread::yield();
        }
    }

  private:
    // This takes some 50 microseconds: longer than the gap between two calls of a forward, and nothing
    // beside a key press.
    static constexpr int kSpins = 2000;

    void wake() {
        generation_.fetch_add(1, std::memory_order_release);
        generation_.notify_all();
    }

    void drain() {
        for (int64_t i; (i = next_.fetch_add(1, std::memory_order_relaxed)) < count_;) call_(context_, i);
    }

    void work() {
        uint32_t seen = 0;
        for (;;) {
            for (int spins = 0; generation_.load(std::memory_order_acquire) == seen && spins < kSpins; ++spins) pause();
            generation_.wait(seen, std::memory_order_acquire);
            ++seen;
            if (closing_.load()) return;
            drain();
            busy_.fetch_sub(1, std::memory_order_release);
        }
    }

    std::vector<std::thread> workers_;
    alignas(64) std::atomic<uint32_t> generation_{0};
    alignas(64) std::atomic<int64_t> next_{0};
    alignas(64) std::atomic<int> busy_{0};
    std::atomic<bool> closing_{false};
    void (*call_)(const void*, int64_t) = nullptr;
    const void* context_ = nullptr;
    int64_t count_ = 0;
};

}  // namespace seed
