#pragma once
#include <memory>   // unique_ptr
#include <utility>  // forward
#include <vector>

namespace berl::gpu {
/// Things of any type that live as long as their owner, one of a type at the most: a library's handle, what is planned with it. The last
/// one made goes first.
class Owned {
 public:
  Owned() = default;
  Owned(Owned&&) = default;
  Owned& operator=(Owned&&) = default;
  ~Owned() {
    while (!things_.empty()) things_.pop_back();
  }
  /// The thing of this type, made from the arguments where there is none yet.
  template <class Thing, class... A>
  Thing& get(A&&... arguments) {
    if (Thing* const one = find<Thing>()) return *one;
    things_.push_back(std::make_unique<Holder<Thing>>(std::forward<A>(arguments)...));
    return *find<Thing>();
  }
  /// Null where there is none.
  template <class Thing>
  Thing* find() {
    for (auto const& one : things_)
      if (auto* const holder = dynamic_cast<Holder<Thing>*>(one.get())) return &holder->thing;
    return nullptr;
  }

 private:
  struct Any {
    virtual ~Any() = default;
  };
  template <class Thing>
  struct Holder : Any {
    template <class... A>
    explicit Holder(A&&... arguments) : thing(std::forward<A>(arguments)...) {}
    Thing thing;
  };
  std::vector<std::unique_ptr<Any>> things_;
};
}  // namespace berl::gpu
