# Draws what report.py has written. Wants kind (a terminal), ending (of the files) and out.
set terminal kind size 960,420 font "sans,12"
set style fill solid 0.85 noborder
set boxwidth 0.7
blue = "#2b6cb0"

drawable(name) = int(system("wc -c <".out."/".name)) > 0
file(name) = out."/".name.".".ending

set grid x lc rgb "#dddddd"
set border 1 lc rgb "#888888"
set ytics nomirror scale 0
set xtics nomirror
unset key
set rmargin 10

if (drawable("throughput.dat")) {
    set output file("throughput")
    set title "Operations a second, in units of redis-benchmark -P 256"
    set xrange [0:*]
    set yrange [-0.5:*]
    plot out."/throughput.dat" using ($2/2):0:($2/2):(0.35):ytic(1) with boxxyerror lc rgb blue, \
         "" using 2:0:(sprintf("  %.2f", $2)) with labels left
}

if (drawable("costs.dat")) {
    set output file("costs")
    set title "Cost of one record of set64, nanoseconds"
    set xrange [0:*]
    set yrange [-0.5:*]
    plot out."/costs.dat" using ($2/2):0:($2/2):(0.35):ytic(1) with boxxyerror lc rgb blue, \
         "" using 2:0:(sprintf("  %.0f", $2)) with labels left
}

if (drawable("latency.dat")) {
    set output file("latency")
    set title "Latency at 1000 records a second"
    set key top left
    set grid y lc rgb "#dddddd"
    set border 3
    set ytics scale 1
    set xlabel "share of the records"
    set ylabel "ms"
    set xrange [0:1]
    set yrange [0:*]
    plot out."/latency.dat" using 1:($2/1000) with lines lw 2 lc rgb "#888888" \
             title "acknowledged by Kafka", \
         "" using 1:($3/1000) with lines lw 2 lc rgb blue title "visible in Redis"
}
