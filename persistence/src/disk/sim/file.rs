//! An open file of the simulated disk.

use std::io;
use std::sync::MutexGuard;

use super::world::{Turn, World};
use super::{SimDisk, crashed, device_error, whole};
use crate::disk::DiskFile;

/// A file of a [`SimDisk`]. It fails once the process that opened it is dead.
#[derive(Debug)]
pub struct SimFile {
    disk: SimDisk,
    inode: u64,
    boot: u64,
    is_writable: bool,
}

impl SimFile {
    pub(super) fn new(disk: SimDisk, inode: u64, boot: u64, is_writable: bool) -> Self {
        Self { disk, inode, boot, is_writable }
    }

    /// The world, if the process that opened this file still lives in it.
    fn world(&self) -> io::Result<MutexGuard<'_, World>> {
        let world = self.disk.world();
        world.alive()?;
        if world.boot == self.boot { Ok(world) } else { Err(crashed()) }
    }

    fn world_to_change(&self) -> io::Result<MutexGuard<'_, World>> {
        if self.is_writable { self.world() } else { Err(io::ErrorKind::PermissionDenied.into()) }
    }
}

/// Places in memory are places in a file here.
fn place(offset: u64) -> io::Result<usize> {
    usize::try_from(offset).map_err(io::Error::other)
}

impl DiskFile for SimFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.world()?.image(self.inode)?.cached.len() as u64)
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut world = self.world()?;
        if world.read_fails() {
            return Err(device_error());
        }
        let bytes = world.image(self.inode)?.cached.get(place(offset)?..).unwrap_or_default();
        let count = bytes.len().min(buf.len());
        buf[..count].copy_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn read_past_cache(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let mut world = self.world()?;
        if world.read_fails() {
            return Err(device_error());
        }
        if world.image(self.inode)?.is_dirty() && world.write_back_fails() {
            world.fail_sync(self.inode)?;
            return Err(device_error());
        }
        let on_device = world.image(self.inode)?.on_device();
        let from = place(offset)?;
        let bytes = on_device.get(from..from + buf.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        buf.copy_from_slice(bytes);
        Ok(())
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        let mut world = self.world_to_change()?;
        let error_ppm = world.faults.write_error_ppm;
        let turn = world.turn(error_ppm)?;
        world.counters.writes += 1;
        let offset = place(offset)?;
        let len = world.image(self.inode)?.cached.len();
        let growth = (offset + buf.len()).saturating_sub(len) as u64;
        let free = world
            .faults
            .capacity_bytes
            .map_or(growth, |capacity| growth.min(capacity.saturating_sub(world.used_bytes())));
        // What does not fit is cut off the end.
        let missing = place(growth - free)?.min(buf.len());
        let fits = &buf[..buf.len() - missing];
        let written = if turn == Turn::Fails { &fits[..world.below(fits.len() + 1)] } else { fits };
        world.image_mut(self.inode)?.write(offset, written);
        match turn {
            Turn::Crashes => Err(crashed()),
            Turn::Fails => Err(device_error()),
            Turn::Done if missing > 0 => Err(rustix::io::Errno::NOSPC.into()),
            Turn::Done => Ok(()),
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        // A file that was opened for reading can be synced too.
        let mut world = self.world()?;
        let error_ppm = world.faults.sync_error_ppm;
        match world.turn(error_ppm)? {
            Turn::Done => {
                world.counters.syncs += 1;
                world.image_mut(self.inode)?.sync();
                Ok(())
            }
            Turn::Fails => {
                world.fail_sync(self.inode)?;
                Err(device_error())
            }
            Turn::Crashes => {
                if world.heads() {
                    world.image_mut(self.inode)?.sync();
                }
                Err(crashed())
            }
        }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut world = self.world_to_change()?;
        let len = place(len)?;
        whole(&mut world, |world| {
            world.image_mut(self.inode)?.set_len(len);
            Ok(())
        })
    }
}
