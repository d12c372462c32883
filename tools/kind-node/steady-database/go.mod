// Makes the image database of kind's nodes the same at every build.
module seatrial/tools/kind-node/steady-database

go 1.26.0

require go.etcd.io/bbolt v1.5.0

require golang.org/x/sys v0.49.0 // indirect
