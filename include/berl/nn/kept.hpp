#pragma once
#include <berl/nn/sizes.hpp>  // kept, HiddenOf

#include <span>
#include <type_traits>  // type_identity

namespace berl::nn {
namespace detail {
template <class Entry>
inline constexpr bool numbered = !IsNamed<Entry> && !IsRepeat<Entry> && !IsInNumbers<Entry>;
}  // namespace detail

/// What a forward pass has kept, layer by layer in the order of computing: f(name of the layer, its output, a span). The output of the last
/// layer is not kept, but belongs to the caller; of layers that run as one, the last one's is; what backward computes again is not. Names
/// are those under which the layers' parameters are saved.
///   keeps  nothing; reads the memory that forward<L, Mode> has filled for a batch of inputs In
template <class L, class T, class In, class F>
void visit_kept(Pass<T> pass, int batch, Path const& path, F& f, [[maybe_unused]] int first = 0) {
  auto const output = [&]<class S>(Pass<T>& from, std::type_identity<S>) {
    std::size_t const n = static_cast<std::size_t>(batch) * S::size;
    return std::span<T const>(from.take(n), n);
  };
  if constexpr (IsSequential<L>) {
    int number = first;
    detail::for_units<L>([&](auto i) {
      constexpr int last = after<L, i> - 1;  // whose name and whose output are the unit's
      using Unit = UnitOf<L, i>;
      using Entry = layer_of<L, last>;
      using X = HiddenOf<L, In, i>;
      for (int k = i; k < last; ++k) number += detail::numbered<layer_of<L, i>> ? 1 : 0;
      constexpr bool numbered = detail::numbered<Entry>;
      Path const here = numbered ? path / number : path;
      if constexpr (recomputed<L, i>) {
        pass.part(kept<Unit, T, X>(batch));
      } else if constexpr (last + 1 < L::layers::size) {
        auto const hidden = output(pass, std::type_identity<OutputOf<Unit, X>>{});
        visit_kept<Unit, T, X>(pass.part(kept<Unit, T, X>(batch)), batch, here, f, numbered ? 0 : number);
        if constexpr (IsRepeat<Entry>)
          f(path / (number + Entry::times - 1), hidden);
        else if constexpr (IsNamed<Entry>)
          f(path / Entry::saved_as, hidden);
        else
          f(here, hidden);
      } else {
        visit_kept<Unit, T, X>(pass, batch, here, f, numbered ? 0 : number);
      }
      if constexpr (IsRepeat<Entry>)
        number += Entry::times;
      else if constexpr (numbered)
        ++number;
    });
  } else if constexpr (IsRepeat<L>) {
    for (int k = 0; k + 1 < L::times; ++k) {
      auto const hidden = output(pass, std::type_identity<In>{});
      visit_kept<typename L::layer, T, In>(pass.part(kept<typename L::layer, T, In>(batch)), batch, path / (first + k), f);
      f(path / (first + k), hidden);
    }
    visit_kept<typename L::layer, T, In>(pass, batch, path / (first + L::times - 1), f);
  } else if constexpr (IsNamed<L>) {
    visit_kept<typename L::layer, T, In>(pass, batch, path / L::saved_as, f);
  } else if constexpr (IsResidual<L>) {
    using Shortcut = typename L::shortcut;
    if constexpr (!std::is_same_v<Shortcut, Identity>) visit_kept<Shortcut, T, In>(pass.part(kept<Shortcut, T, In>(batch)), batch, path, f);
    visit_kept<typename L::body, T, In>(pass, batch, path, f);
  } else if constexpr (IsInNumbers<L>) {
    visit_kept<typename L::numbers, number_of<T>, In>(pass.numbers(), batch, path, f, first);
  }
}
}  // namespace berl::nn
