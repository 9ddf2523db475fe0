#!/bin/sh
# The inputs that fuzzing begins with, from the folder seeds and the fixtures of the tests: corpus.sh GOLDEN OUT
# What is no good file of its kind is called bad_..., the others are read without an error (seeds_test.cpp).
set -eu
golden=$1 out=$2
for target in record verification_set safetensors pth image lists settings; do mkdir -p "$out/$target"; done
for idx in "$golden"/*.idx; do
  name=$(basename "$idx" .idx)
  if [ "$name" = faces ]; then continue; fi  # large
  { cat "$idx"; echo ====; cat "$golden/$name.rec"; } >"$out/record/$name"
done
cp -R "$(dirname "$0")"/seeds/. "$out/"
cp "$golden"/*.bin "$out/verification_set/"
for name in optimizers metrics_depth net_encoder_view head_combined_logits; do cp "$golden/$name.safetensors" "$out/safetensors/$name"; done
printf '\050\0\0\0\0\0\0\0{"a":{"dtype":"F32","shape":[1],"data_off' >"$out/safetensors/bad_cut"
printf '\071\0\0\0\0\0\0\0{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}   abcd' >"$out/safetensors/one"
tail -c +2389 "$golden/small.rec" | head -c 1097 >"$out/image/jpeg" # record 3, behind 8 bytes of a chunk and 24 of a header
list() { printf '%b' "$2" >"$out/lists/$1"; }
list 0 '0path_a,path_b,same\n/proc/self/status,/proc/self/status,1\n' # whose pictures must be there
list 1 '1path,x1,y1,x2,y2,x3,y3,x4,y4,x5,y5\na.png,1,2,3,4,5,6,7,8,9,10.5\n'
list 2 '21.jpg 7 70\n2.jpg 7 71\n====\n1.jpg 1 2 3 4 5 6 7 8 9 10 0.9\n2.jpg 1 2 3 4 5 6 7 8 9 10 0.9\n'
list 3 '37 9 1\n7 8 0\n'
list 4 '4TEMPLATE_ID,SUBJECT_ID,FILENAME\n7,100,a\n7,100,b\n'
list 5 '50\n1\n0\n1\n'
list 6 '6{"path": ["a/b.png", "c/d.png"], "id": ["a", 3]}\n'
list 7 '7# noise\na_1.png\n1\t2/3/b.jpg\n'
list 8 '8\003\0000\0000\0000\001\0000\0000\0000\004\0000\0000\0000\005\0000\0000\0000abcdefghijkl'
list a 'a1\na b c d e f g h i j\na.jpg 1 2 3 4 5 6 7 8 9 10\n'
list b 'ba.jpg 2880\nb.jpg 7\n'
list c 'cA\\A_1.jpg\t0\t0101010101010101010101010101010101010101\n'
list d 'd1\t2.5\ta.jpg\n1\tb.jpg\t3\t1\t2\t3\t4\n'
list e 'e85742,112,112\n'
list f 'fTEMPLATE_ID,SUBJECT_ID,FILENAME,OCC1,OCC2,OCC3,OCC4,OCC5,OCC6,OCC7,OCC8,OCC9,OCC10,OCC11,OCC12,OCC13,OCC14,OCC15,OCC16,OCC17,OCC18\n7,100,a.jpg,0,1,,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1.0\n'
list g 'g1,2\n2,1\n'
list h 'ha.jpg 0 -4 6 20 20\n'
list i 'i{"cmc": [[0, 1], [0.5, 0.75]], "roc": [[1e-6, 1], [0.25, 1]]}\n'
list j 'j0\ta.jpg\t7\t1\t2\t90\t91\t38\t73\t56\t41\t70\t51\t51\t71\t92\t92\n1\tb.jpg\t9\n'
printf '"stage1.steps" = 3\nbatch = 2\n[stage2]\nsteps = 4\n[imaging]\nborder = true\n' >"$out/settings/one"
