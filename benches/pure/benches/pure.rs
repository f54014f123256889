//! The time that each workload takes: `cargo bench --bench pure [-- WORD]`.

use std::time::{Duration, Instant};

use alongside_benches_pure::{Failure, Workload, workloads};
use criterion::{Criterion, Throughput};

fn main() -> Result<(), Failure> {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    for workload in workloads() {
        measure(&mut criterion, &workload)?;
    }
    criterion.final_summary();
    Ok(())
}

fn measure(criterion: &mut Criterion, workload: &Workload) -> Result<(), Failure> {
    // All before the last slash is the group, so that a name here is a name there.
    let (group, name) = workload
        .name
        .rsplit_once('/')
        .ok_or("a name without a group")?;
    let mut group = criterion.benchmark_group(group);
    if let Some(bytes) = workload.bytes {
        group.throughput(Throughput::Bytes(bytes));
    }
    let mut turns = None;
    let mut failed = None;
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|count| {
            let turns = match &mut turns {
                Some(turns) => turns,
                // Begun here, so that nothing is begun that a filter leaves out.
                none => match workload.begin() {
                    Ok(begun) => none.insert(begun),
                    Err(why) => {
                        failed = Some(why);
                        return Duration::from_nanos(1);
                    }
                },
            };
            let began = Instant::now();
            let right = turns(count);
            let took = began.elapsed();
            if !right {
                failed = Some("it came out wrong".into());
            }
            took
        });
    });
    group.finish();
    failed.map_or(
        Ok(()),
        |why| Err(format!("{}: {why}", workload.name).into()),
    )
}
