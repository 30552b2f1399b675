// Many short texts in one piece of memory: no allocation and no 32 bytes of std::string for each.
#ifndef MINSLICE_TEXT_LIST_H_
#define MINSLICE_TEXT_LIST_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace minslice {

class TextList {
 public:
  using value_type = std::string_view;

  class const_iterator {
   public:
    using iterator_category = std::random_access_iterator_tag;
    using iterator_concept = std::random_access_iterator_tag;
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = std::string_view;

    const_iterator() = default;
    const_iterator(const TextList* list, std::ptrdiff_t at) : list_(list), at_(at) {}
    std::string_view operator*() const { return (*list_)[static_cast<std::size_t>(at_)]; }
    std::string_view operator[](std::ptrdiff_t n) const { return *(*this + n); }
    const_iterator& operator++() { return *this += 1; }
    const_iterator operator++(int) { return std::exchange(*this, *this + 1); }
    const_iterator& operator--() { return *this -= 1; }
    const_iterator operator--(int) { return std::exchange(*this, *this - 1); }
    const_iterator& operator+=(std::ptrdiff_t n) {
      at_ += n;
      return *this;
    }
    const_iterator& operator-=(std::ptrdiff_t n) { return *this += -n; }
    friend const_iterator operator+(const_iterator from, std::ptrdiff_t n) { return from += n; }
    friend const_iterator operator+(std::ptrdiff_t n, const_iterator from) { return from += n; }
    friend const_iterator operator-(const_iterator from, std::ptrdiff_t n) { return from -= n; }
    friend std::ptrdiff_t operator-(const_iterator a, const_iterator b) { return a.at_ - b.at_; }
    // Of one list.
    friend bool operator==(const_iterator a, const_iterator b) { return a.at_ == b.at_; }
    friend auto operator<=>(const_iterator a, const_iterator b) { return a.at_ <=> b.at_; }

   private:
    const TextList* list_ = nullptr;
    std::ptrdiff_t at_ = 0;
  };
  using iterator = const_iterator;

  std::size_t size() const { return ends_.size(); }
  bool empty() const { return ends_.empty(); }
  // Valid until a text is added.
  std::string_view operator[](std::size_t i) const {
    const std::uint64_t begin = i == 0 ? 0 : ends_[i - 1];
    return {bytes_.data() + begin, static_cast<std::size_t>(ends_[i] - begin)};
  }
  const_iterator begin() const { return {this, 0}; }
  const_iterator end() const { return {this, static_cast<std::ptrdiff_t>(size())}; }

  void push_back(std::string_view text) {
    bytes_.append(text);
    ends_.push_back(bytes_.size());
  }
  void resize(std::size_t n) {  // new texts are empty
    ends_.resize(n, bytes_.size());
    bytes_.resize(n == 0 ? 0 : ends_.back());
  }
  void reserve(std::size_t texts, std::size_t bytes) {
    ends_.reserve(texts);
    bytes_.reserve(bytes);
  }

 private:
  std::string bytes_;
  std::vector<std::uint64_t> ends_;  // of each text in bytes_
};

}  // namespace minslice

#endif  // MINSLICE_TEXT_LIST_H_
