# Draws a restore over time from restore.dat (seconds, percent) and restore-steps.dat (from, to, number, name).
# Wants kind (a terminal), ending (of the file) and out.
set terminal kind size 960,420 font "sans,12"
set output out."/restore.".ending
set title "A restore: what Redis has of the log"
set xlabel "seconds since the command"
set ylabel "% of the records"
set xrange [0:*]
set yrange [0:125]
set ytics 0,20,100 nomirror
set xtics nomirror
set grid y lc rgb "#dddddd"
set rmargin 10
set border 3 lc rgb "#888888"
set style fill solid 0.25 noborder
unset key
plot out."/restore-steps.dat" using (($1+$2)/2):(0):1:2:(0):(100):(int($3) % 2 ? 0xa0aec0 : 0xe2e8f0) \
         with boxxyerror lc rgb variable, \
     "" using 1:(103 + 7 * (int($3) % 3)):4 with labels left font "sans,10", \
     out."/restore.dat" using 1:2 with lines lw 2 lc rgb "#2b6cb0"
