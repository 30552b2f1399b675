// Memory for a large table whose places are asked for in no order: in huge pages, where the system gives
// them, so that the processor need not look up where a place lies.
#ifndef MINSLICE_REDUCE_HUGE_PAGES_H_
#define MINSLICE_REDUCE_HUGE_PAGES_H_

#include <sys/mman.h>

#include <cstddef>
#include <new>

namespace minslice::reduce {

template <typename T>
struct HugePages {
  using value_type = T;

  HugePages() = default;
  template <typename U>
  HugePages(const HugePages<U>&) {}  // NOLINT(google-explicit-constructor): an allocator converts

  T* allocate(std::size_t n) {
    void* memory = ::operator new(n * sizeof(T), AlignmentOf(n));
#ifdef MADV_HUGEPAGE
    if (n * sizeof(T) >= kHuge) madvise(memory, n * sizeof(T), MADV_HUGEPAGE);  // a wish
#endif
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t n) { ::operator delete(memory, AlignmentOf(n)); }
  template <typename U>
  bool operator==(const HugePages<U>&) const {
    return true;
  }

 private:
  static constexpr std::size_t kHuge = std::size_t{1} << 21U;
  static std::align_val_t AlignmentOf(std::size_t n) {
    return std::align_val_t(n * sizeof(T) >= kHuge ? kHuge : alignof(T));
  }
};

}  // namespace minslice::reduce

#endif  // MINSLICE_REDUCE_HUGE_PAGES_H_
