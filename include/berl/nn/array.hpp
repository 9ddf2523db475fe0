#pragma once
#include <berl/nn/layer.hpp>  // Path, Trainable

#include <array>
#include <cstdint>  // int64_t
#include <memory>   // addressof
#include <optional>
#include <span>
#include <string>
#include <type_traits>  // remove_reference_t, remove_cvref_t
#include <vector>

namespace berl::nn {
namespace detail {
template <class S>
struct sides_of;
template <int... N>
struct sides_of<Shape<N...>> {
  static constexpr std::array<int, sizeof...(N)> value{N...};
};
template <class S>
inline constexpr auto const& sides = sides_of<S>::value;

inline std::vector<std::int64_t> extents(std::span<int const> sides, int identities) {
  std::vector<std::int64_t> all;
  if (identities >= 0) all.push_back(identities);
  all.insert(all.end(), sides.begin(), sides.end());
  return all;
}
/// -1 for arrays without a row for each person.
template <class A>
int identities_of(A const& array) {
  if constexpr (requires { array.identities(); })
    return array.identities();
  else
    return -1;
}
}  // namespace detail

/// The extents under which an array is saved; those of class weights begin with the number of identities.
template <class A>
std::vector<std::int64_t> extents_of(A const& array) {
  return detail::extents(detail::sides<typename A::shape>, detail::identities_of(array));
}

/// An array of a network as it is at run time, whatever its shape. The name lives as long as the call that shows it.
template <class T>
struct Array {
  std::string const& name;  ///< under which it is saved
  std::vector<std::int64_t> extents;
  std::span<T> values;
  bool trainable;                 ///< it has a gradient and moments
  std::optional<double> initial;  ///< where it begins with one value and is not drawn
};

/// Given to visit(), it calls f(Array<T> const&) for each array. What files, initial values and checks do is the same for all shapes: so f
/// is compiled once instead of once for each, and a network's visit() once for all f. It refers to f, which must live as long; a temporary
/// f lives to the end of the expression.
template <class T>
class Each {
 public:
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, Each>)
  explicit Each(F&& f)
      : f_(const_cast<void*>(static_cast<void const*>(std::addressof(f)))),
        call_([](void* g, Array<T> const& array) { (*static_cast<std::remove_reference_t<F>*>(g))(array); }) {}
  template <class A>
  void operator()(Path const& path, A& array) const {
    std::optional<double> initial;
    if constexpr (requires { A::initial; }) initial = A::initial;
    call(path, detail::sides<typename A::shape>, detail::identities_of(array), array.value(), array.read().size(), Trainable<A>, initial);
  }

 private:
  [[gnu::noinline]] void call(Path const& path, std::span<int const> sides, int identities, T* values, std::size_t n, bool trainable,
                              std::optional<double> initial) const {
    call_(f_, {path.text, detail::extents(sides, identities), {values, n}, trainable, initial});
  }
  void* f_;
  void (*call_)(void*, Array<T> const&);
};
}  // namespace berl::nn
